"""Masks personal data in payloads, errors and log lines, by field names and by patterns in values.

When in doubt a value is masked: an operator with the permission can reveal it, which the audit log records. Anyone may
have sent a text, so masking takes linear time and returns a bounded excerpt, which says how much is missing.
"""

import logging
import re
from collections.abc import Iterator
from typing import Any

MASK = "•••"
#: Characters shown of a long text: the first and the last ones.
HEAD, TAIL = 12_000, 4_000
#: Characters and values shown of a JSON document, and its levels.
MAX_SIZE, MAX_DEPTH = 100_000, 50
# Cutting a text may cut an address or number in two; this much at the cut is left out. An e-mail address has at most
# 320 characters.
_MARGIN = 500

_PERSONAL = frozenset(
    """
    email mail name firstname lastname surname address street line1 line2 city postcode postal zip phone tel telephone
    mobile card pan cvc cvv iban birthday birthdate password secret token
    """.split()  # noqa: SIM905 - one block of words reads better than forty quoted ones
)
_WORDS = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+")
# Reads each run of characters once: a run that no domain follows is matched, too, and kept.
_EMAIL = re.compile(r"[\w.+'-]++(@[\w-]+(?:\.[\w-]+)*\.\w{2,})?")
_PHONE = re.compile(r"(?<![\w+])\+\d[\d ()/.-]{6,}\d")
_CARD = re.compile(r"(?<![\w-])\d(?:[ -]?\d){12,18}(?![\w-])")


def mask(value: Any, *, personal: bool = False) -> Any:
    """The JSON value with personal data masked. `personal`: it is inside a field with a personal name."""
    return _Document().masked(value, personal)


def mask_text(text: str) -> str:
    """The text with e-mail addresses, phone and card numbers masked."""
    missing = len(text) - HEAD - TAIL
    if missing <= 2 * _MARGIN:
        return _masked(text)
    start, end = _masked(text[: HEAD + _MARGIN])[:-_MARGIN], _masked(text[-TAIL - _MARGIN :])[_MARGIN:]
    return f"{start} … {missing:,} more characters … {end}"


def is_personal(key: object) -> bool:
    """Whether a field of this name, such as `billing_address` or `firstName`, holds personal data."""
    return not _PERSONAL.isdisjoint(word.lower() for word in _WORDS.findall(str(key)))


def _masked(text: str) -> str:
    if "@" in text:
        text = _EMAIL.sub(lambda match: f"{MASK}@{MASK}" if match[1] else match[0], text)
    if "+" in text:
        text = _PHONE.sub(MASK, text)
    return _CARD.sub(lambda match: MASK if _luhn(match[0]) else match[0], text)


class _Document:
    """Masks one JSON document, counting how much of it may still be shown."""

    def __init__(self) -> None:
        self.left = MAX_SIZE

    def masked(self, value: Any, personal: bool, depth: int = 0) -> Any:
        if value and isinstance(value, (dict, list)) and depth == MAX_DEPTH:
            return MASK
        if isinstance(value, dict):
            return dict(self._fields(value, personal, depth + 1))
        if isinstance(value, list):
            return list(self._items(value, personal, depth + 1))
        if personal and value not in (None, "") and not isinstance(value, bool):
            value = MASK
        shown = mask_text(value) if isinstance(value, str) else value
        self.left -= len(str(shown))
        return shown

    def _fields(self, fields: dict[Any, Any], personal: bool, depth: int) -> Iterator[tuple[str, Any]]:
        for number, (key, value) in enumerate(fields.items()):
            if self.left <= 0:
                yield "…", f"{len(fields) - number:,} more"
                return
            shown = mask_text(str(key))
            self.left -= len(shown)
            yield shown, self.masked(value, personal or is_personal(key), depth)

    def _items(self, items: list[Any], personal: bool, depth: int) -> Iterator[Any]:
        for number, value in enumerate(items):
            if self.left <= 0:
                yield f"… {len(items) - number:,} more"
                return
            self.left -= 1  # a list of empty texts has a bound, too
            yield self.masked(value, personal, depth)


def _luhn(number: str) -> bool:
    """Whether the check digit (ISO/IEC 7812-1) is valid for a card number."""
    digits = [int(char) for char in reversed(number) if char.isdigit()]
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[1::2])
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


class MaskingFormatter(logging.Formatter):
    """`logging.Formatter` that masks personal data in log lines, tracebacks included.

    Handlers that have the same formatter share the line that the first one made of a record.
    """

    def format(self, record: logging.LogRecord) -> str:
        made: tuple[MaskingFormatter, str] | None = getattr(record, "_masked", None)
        if made is None or made[0] is not self:
            made = record._masked = self, mask_text(super().format(record))
        return made[1]
