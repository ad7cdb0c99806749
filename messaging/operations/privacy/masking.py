"""Which parts of a payload, an error or a log line are personal, and how are they hidden?

By the names of fields and by the look of values. In doubt a value is hidden: whoever may see it reveals it, and that is
written down.
"""

import logging
import re
from typing import Any

MASK = "•••"

_PERSONAL = frozenset(
    """
    email mail name firstname lastname surname address street line1 line2 city postcode postal zip phone tel telephone
    mobile card pan cvc cvv iban birthday birthdate password secret token
    """.split()  # noqa: SIM905 - words are read more easily than forty quotation marks
)
_WORDS = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+")
_EMAIL = re.compile(r"[\w.+'-]+@[\w-]+(?:\.[\w-]+)*\.\w{2,}")
_PHONE = re.compile(r"(?<![\w+])\+\d[\d ()/.-]{6,}\d")
_CARD = re.compile(r"(?<![\w-])\d(?:[ -]?\d){12,18}(?![\w-])")


def mask(value: Any, *, personal: bool = False) -> Any:
    """The same JSON with what is personal hidden; `personal` says that the name of a field around it says so."""
    if isinstance(value, dict):
        return {mask_text(str(key)): mask(inner, personal=personal or is_personal(key)) for key, inner in value.items()}
    if isinstance(value, list):
        return [mask(inner, personal=personal) for inner in value]
    if personal and value not in (None, "") and not isinstance(value, bool):
        return MASK
    return mask_text(value) if isinstance(value, str) else value


def mask_text(text: str) -> str:
    """The same text without e-mail addresses, telephone and card numbers."""
    text = _EMAIL.sub(f"{MASK}@{MASK}", text)
    text = _PHONE.sub(MASK, text)
    return _CARD.sub(lambda match: MASK if _luhn(match[0]) else match[0], text)


def is_personal(key: object) -> bool:
    """Whether a field of this name, such as `billing_address` or `firstName`, holds something personal."""
    return not _PERSONAL.isdisjoint(word.lower() for word in _WORDS.findall(str(key)))


def _luhn(number: str) -> bool:
    """Whether the check digit (ISO/IEC 7812-1) is that of a card."""
    digits = [int(char) for char in reversed(number) if char.isdigit()]
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[1::2])
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


class MaskingFormatter(logging.Formatter):
    """Log lines, tracebacks included, as `logging.Formatter` writes them, with what is personal hidden."""

    def format(self, record: logging.LogRecord) -> str:
        return mask_text(super().format(record))
