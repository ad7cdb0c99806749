"""Retries: spread over more than a day, later if the server asks for it, and within bounds."""

from datetime import timedelta
from email.utils import format_datetime

import pytest
from django.utils import timezone

from extensions.webhooks import retries
from extensions.webhooks.client import Answer


def answered(status: int = 503, after: str = "") -> Answer:
    return Answer(status=status, text="", retry_after=after)


def test_retries_take_more_than_a_day_and_less_than_three():
    assert 86_400 < sum(retries.DELAYS) < retries.GIVE_UP_SECONDS
    assert list(retries.DELAYS) == sorted(retries.DELAYS)


def test_a_delay_is_jittered_upwards():
    found = [retries.delay_seconds(retries=1, answer=None) for _ in range(50)]
    assert all(300 <= delay <= 360 for delay in found)
    assert len(set(found)) > 40


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("120", 120), ("0", 0), (" 7 ", 7), ("9" * 50, 6 * 3600), ("-5", 0), ("soon", 0), ("", 0), ("\u00b2", 0),
     ("1.5", 0), ("Thu, 01 Jan 1970 00:00:00 GMT", 0), ("Fri, 31 Dec 9999 23:59:59 GMT", 6 * 3600),
     ("Mon, 99 Xxx 0000", 0)],
)  # fmt: skip
def test_retry_after_is_bounded(text, seconds):
    assert retries.retry_after(answered(after=text)) == pytest.approx(seconds)


def test_retry_after_may_be_a_date():
    at = format_datetime(timezone.now() + timedelta(minutes=10), usegmt=False)
    assert retries.retry_after(answered(429, at)) == pytest.approx(600, abs=30)


def test_retry_after_counts_for_429_and_503_only():
    assert retries.retry_after(answered(429, "60")) == 60
    assert retries.retry_after(answered(500, "60")) == 0
    assert retries.retry_after(None) == 0


def test_retry_after_only_lengthens_a_delay():
    assert retries.delay_seconds(retries=0, answer=answered(after="1000")) == 1000
    assert retries.delay_seconds(retries=2, answer=answered(after="1")) >= 1800


@pytest.mark.parametrize(("failing", "seconds"), [(1, 0), (2, 0), (3, 10), (4, 20), (8, 300), (10_000, 300)])
def test_pauses_grow_to_a_bound(failing, seconds):
    assert retries.pause_seconds(failing=failing, answer=None) == seconds


def test_a_server_that_asks_for_a_pause_gets_it_at_once():
    assert retries.pause_seconds(failing=1, answer=answered(429, "40")) == 40
    assert retries.pause_seconds(failing=1, answer=answered(429, "4000")) == 300


@pytest.mark.parametrize(("status", "is_down"), [(500, True), (503, True), (429, True), (400, False), (302, False)])
def test_a_refusal_of_one_event_says_nothing_of_the_server(status, is_down):
    assert retries.is_down(answered(status)) is is_down
    assert retries.is_down(None)
