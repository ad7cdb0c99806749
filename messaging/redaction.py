"""Redaction: removes personal data from everything the engine keeps about messages."""

import html
import json
import re
import uuid
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from typing import Any
from urllib.parse import quote, quote_plus

from django.db.models import Model

from messaging.models import Attempt, Message, QueuePause, State
from messaging.models.message import PayloadField
from messaging.signals import messages_redacted, texts_redacted

REMOVED = "[removed]"
ROWS = 1000


class Redactor:
    """Removes `secrets` from text and JSON. A secret matches as a whole word only, case-insensitively."""

    def __init__(self, secrets: Iterable[str]) -> None:
        spellings = {spelling for secret in secrets if secret.strip() for spelling in _spellings(secret.strip())}
        # At an edge that is "_", a spelling may match next to other letters: then no word of it is known to be whole.
        needed = {each: _words("" if "_" in each[0] + each[-1] else each) for each in spellings}
        common = Counter(word for words in needed.values() for word in words)
        self._by_rarest: dict[str, list[tuple[str, frozenset[str]]]] = defaultdict(list)
        for each, words in needed.items():
            self._by_rarest[min(words, key=lambda word: common[word], default="")].append((each, words))

    def text(self, text: str) -> str:
        return self._pattern(text).sub(REMOVED, text)

    def json(self, value: Any) -> Any:
        """Keys of objects included; numbers and the like are unchanged."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(key): self.json(item) for key, item in value.items()}
        return [self.json(item) for item in value] if isinstance(value, list) else value

    def matches(self, value: str | bytes) -> bool:
        text = value.decode(errors="replace") if isinstance(value, bytes) else value
        return self._pattern(text).search(text) is not None

    def _pattern(self, text: str) -> re.Pattern[str]:
        """Of thousands of secrets, those all words of which the text has, the longest first."""
        words = _words(text)
        found = (each for word in ("", *words) for each in self._by_rarest.get(word, ()))
        possible = sorted((each for each, needed in found if needed <= words), key=lambda each: (-len(each), each))
        return re.compile("|".join(map(_whole_word, possible)) or "(?!)", re.IGNORECASE)


def redact(*, subjects: Collection[str], redactor: Redactor) -> None:
    """Redact what is kept about messages with one of `subjects`, in the caller's transaction, `ROWS` to a statement.

    Raw bodies, headers and outside exchanges are removed whole, because a secret may be encoded there in any way.
    Receivers of `messages_redacted` redact their own records. What happened, and when, is kept.
    """
    found = Message.objects.filter(subject__in=subjects).exclude(subject="").values_list("pk", flat=True)
    _redact(sorted(found), redactor)


def redact_elsewhere(*, redactor: Redactor) -> None:
    """Redact pauses, and strays whose body contains a secret. Receivers of `texts_redacted` redact their texts."""
    strays = Message.objects.filter(subject="", state__in=(State.DEAD, State.DISCARDED), raw_body__isnull=False)
    bodies = strays.values_list("pk", "raw_body").iterator()
    _redact(sorted(pk for pk, body in bodies if body is not None and redactor.matches(bytes(body))), redactor)
    for pause in QueuePause.objects.all():
        redact_row(pause, redactor, text=("reason",))
    texts_redacted.send(sender=Message, redactor=redactor)


def _redact(found: list[uuid.UUID], redactor: Redactor) -> None:
    for ids in (found[start : start + ROWS] for start in range(0, len(found), ROWS)):
        for row in Message.objects.filter(pk__in=ids).order_by("pk").iterator():
            if row.payload == PayloadField.UNREADABLE:  # whomever it names
                Message.objects.filter(pk=row.pk).update(payload=row.payload)
            text = ("error_message", "note")
            redact_row(row, redactor, text=text, data=("payload",), raw_body=None, raw_headers=None)
        for attempt in Attempt.objects.filter(message_id__in=ids).iterator():
            redact_row(attempt, redactor, text=("error_message", "traceback", "log"), exchanges=[])
        messages_redacted.send(sender=Message, message_ids=ids, redactor=redactor)


def redact_row(
    row: Model, redactor: Redactor, *, text: tuple[str, ...], data: tuple[str, ...] = (), **cleared: Any
) -> None:
    """Redact columns of one row; `cleared` are further columns with their new values."""
    changes = changes_of(row, redactor, text=text, data=data)
    changes |= {name: value for name, value in cleared.items() if getattr(row, name) != value}
    if changes:
        type(row)._default_manager.filter(pk=row.pk).update(**changes)


def changes_of(row: Model, redactor: Redactor, *, text: tuple[str, ...], data: tuple[str, ...]) -> dict[str, Any]:
    """The columns of `row` that redaction changes, with their new values."""
    cleaned = {name: redactor.text(getattr(row, name)) for name in text}
    cleaned |= {name: redactor.json(getattr(row, name)) for name in data}
    return {name: value for name, value in cleaned.items() if value != getattr(row, name)}


def _spellings(secret: str) -> set[str]:
    """The secret as it is, and escaped as in JSON, Python, HTML and URLs."""
    escaped = (json.dumps(secret)[1:-1], ascii(secret)[1:-1], repr(secret)[1:-1], html.escape(secret))
    return {secret, *escaped, quote(secret), quote(secret, safe=""), quote_plus(secret)}


def _words(text: str) -> frozenset[str]:
    """Folded further than by `re.IGNORECASE`, which takes all four letters i for equal."""
    return frozenset(word.replace("İ", "i").casefold().replace("ı", "i") for word in re.findall(r"\w+", text))


def _whole_word(word: str) -> str:
    before = r"(?<!\w)" if word[0].isalnum() else ""
    after = r"(?!\w)" if word[-1].isalnum() else ""
    return before + re.escape(word) + after
