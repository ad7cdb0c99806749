"""Values of a gateway's records that the shop takes. Anything else is a `ValueError` before it reaches the database."""

import re
from datetime import UTC, datetime
from typing import Any, Final

from orders.webhook_events import identifier

#: Minor units. Gateways limit charges to far less.
MOST: Final = 10**15
#: The end of the year 2099 as Unix time. No page could show a moment of the year 9999 in every time zone.
_LATEST: Final = 4_102_444_800
_CURRENCY: Final = re.compile(r"[A-Z]{3}", re.ASCII)


def check(reference: Any, code: Any, *amounts: Any) -> None:
    """Raise `ValueError` unless these are an identifier, a currency (None: the answer has none), and amounts."""
    identifier(reference)
    if code is not None:
        currency(code)
    for each in amounts:
        amount(each)


def amount(value: Any) -> int:
    """`value`, if it is an amount in minor units, from 0 to `MOST`."""
    if type(value) is not int or not 0 <= value <= MOST:
        raise ValueError(f"Not an amount: {ascii(value)[:100]}")
    return value


def currency(value: Any) -> str:
    """`value`, if it may be an ISO 4217 code in capitals."""
    if not isinstance(value, str) or not _CURRENCY.fullmatch(value):
        raise ValueError(f"Not a currency: {ascii(value)[:100]}")
    return value


def moment(seconds: Any) -> datetime:
    """The moment of a Unix time, from 1970 to 2099."""
    if not 0 <= seconds < _LATEST:
        raise ValueError(f"Not a time of this century: {ascii(seconds)[:100]}")
    return datetime.fromtimestamp(seconds, UTC)
