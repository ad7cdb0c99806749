"""Masks personal data in payloads, errors and log lines, by field names and by patterns in values.

When in doubt a value is masked: an operator with the permission can reveal it, which the audit log records.
"""

import logging
import re
from typing import Any

MASK = "•••"

_PERSONAL = frozenset(
    """
    email mail name firstname lastname surname address street line1 line2 city postcode postal zip phone tel telephone
    mobile card pan cvc cvv iban birthday birthdate password secret token
    """.split()  # noqa: SIM905 - one block of words reads better than forty quoted ones
)
_WORDS = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+")
_EMAIL = re.compile(r"[\w.+'-]+@[\w-]+(?:\.[\w-]+)*\.\w{2,}")
_PHONE = re.compile(r"(?<![\w+])\+\d[\d ()/.-]{6,}\d")
_CARD = re.compile(r"(?<![\w-])\d(?:[ -]?\d){12,18}(?![\w-])")


def mask(value: Any, *, personal: bool = False) -> Any:
    """The JSON value with personal data masked. `personal`: it is inside a field with a personal name."""
    if isinstance(value, dict):
        return {mask_text(str(key)): mask(inner, personal=personal or is_personal(key)) for key, inner in value.items()}
    if isinstance(value, list):
        return [mask(inner, personal=personal) for inner in value]
    if personal and value not in (None, "") and not isinstance(value, bool):
        return MASK
    return mask_text(value) if isinstance(value, str) else value


def mask_text(text: str) -> str:
    """The text with e-mail addresses, phone and card numbers masked."""
    text = _EMAIL.sub(f"{MASK}@{MASK}", text)
    text = _PHONE.sub(MASK, text)
    return _CARD.sub(lambda match: MASK if _luhn(match[0]) else match[0], text)


def is_personal(key: object) -> bool:
    """Whether a field of this name, such as `billing_address` or `firstName`, holds personal data."""
    return not _PERSONAL.isdisjoint(word.lower() for word in _WORDS.findall(str(key)))


def _luhn(number: str) -> bool:
    """Whether the check digit (ISO/IEC 7812-1) is valid for a card number."""
    digits = [int(char) for char in reversed(number) if char.isdigit()]
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[1::2])
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


class MaskingFormatter(logging.Formatter):
    """`logging.Formatter` that masks personal data in log lines, tracebacks included."""

    def format(self, record: logging.LogRecord) -> str:
        return mask_text(super().format(record))
