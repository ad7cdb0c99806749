"""When a delivery is tried again, and how long an endpoint that fails is left alone."""

import random
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

from django.utils import timezone

from extensions.webhooks.client import Answer

#: Seconds after each failed attempt: nine attempts over 31 hours, as Standard Webhooks recommends.
DELAYS: Final = (5, 300, 1_800, 7_200, 18_000, 18_000, 28_800, 36_000)
#: A message that finds its endpoint paused spends no attempt; it ends after this time all the same.
GIVE_UP_SECONDS: Final = 3 * 86_400.0
#: A server may ask for a later attempt, within this bound.
MOST_RETRY_AFTER: Final = 6 * 3600.0
#: Failures in a row from which an endpoint is paused, and its pauses: doubled each time.
_PATIENCE: Final = 3
_FIRST_PAUSE, _LONGEST_PAUSE = 10.0, 300.0
#: A request that takes longer is slow, and its endpoint then rests for this many times as long: slow servers together
#: hold a fifth of their share of the worker's slots.
_SLOW_SECONDS, _REST = 1.0, 4.0
#: So many failures in a row, and no success for so long: the endpoint is turned off.
GONE_FAILURES, GONE_AFTER = 20, timedelta(days=5)
_JITTER: Final = 0.2
_ASKS_TO_WAIT: Final = (429, 503)


def delay_seconds(*, retries: int, answer: Answer | None) -> float:
    """The wait after `retries` earlier retries: up to a fifth longer, so that not all come back at once."""
    delay = DELAYS[min(retries, len(DELAYS) - 1)] * random.uniform(1, 1 + _JITTER)  # noqa: S311 - not a secret
    return max(delay, retry_after(answer))


def retry_after(answer: Answer | None) -> float:
    """Seconds that a 429 or 503 asks for, as a number or a date; 0 if it does not, or not readably."""
    if answer is None or answer.status not in _ASKS_TO_WAIT or not answer.retry_after:
        return 0.0
    text = answer.retry_after.strip()
    if text.isascii() and text.isdecimal():
        return min(float(text[:10]), MOST_RETRY_AFTER)
    try:
        at = parsedate_to_datetime(text)
        seconds = (_aware(at) - timezone.now()).total_seconds()
    except (ValueError, TypeError, IndexError, OverflowError):
        return 0.0
    return min(max(seconds, 0.0), MOST_RETRY_AFTER)


def is_down(answer: Answer | None) -> bool:
    """Whether the server itself is the problem rather than this event: no answer, 5xx, or too many requests."""
    return answer is None or answer.status >= 500 or answer.status == 429


def pause_seconds(*, failing: int, answer: Answer | None) -> float:
    """How long the endpoint gets no request at all; 0 for a first failure."""
    pause = 0.0 if failing < _PATIENCE else min(_FIRST_PAUSE * 2 ** min(failing - _PATIENCE, 10), _LONGEST_PAUSE)
    return max(pause, min(retry_after(answer), _LONGEST_PAUSE))


def rest_seconds(*, milliseconds: int) -> float:
    """How long an endpoint gets no request after one that took this long; 0 if it was quick."""
    seconds = milliseconds / 1000
    return seconds * _REST if seconds > _SLOW_SECONDS else 0.0


def _aware(at: datetime) -> datetime:
    return at if at.tzinfo else at.replace(tzinfo=UTC)
