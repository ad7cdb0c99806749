"""What does the shop expect of any parcel carrier?"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from django.utils.translation import gettext as _

from orders.values import Address


class CarrierUnavailable(Exception):
    """No answer, or none that tells whether a parcel was booked. To be tried again with the same idempotency key.

    `concerns_all`: others would fare no better. False where only this request met trouble.
    """

    def __init__(self, message: str = "", *, concerns_all: bool = True) -> None:
        self.concerns_all = concerns_all
        super().__init__(message)


class AddressRejected(Exception):
    """The carrier answered that it will not go there; asking again would not help. A person must correct the address.

    `reason` is a code, such as `unknown_address`. It is the only argument, since Celery carries an error between
    processes only if its arguments make it anew; and it is no part of the address, which the ledger must not keep.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)

    def __str__(self) -> str:
        return (
            f"The carrier refused the address ({self.reason}); nothing was booked. Correct it on the order's page "
            "'Parcels', which books anew, or give the money back, which cancels the order."
        )


class UnknownParcel(LookupError):
    """The carrier knows no parcel of this tracking number."""


class NotFromCarrier(ValueError):
    """What came to the carrier's webhook is not signed by it just now, or is no event of it."""


class UnknownCarrier(LookupError):
    """No carrier of this name is set up."""

    def __init__(self, name: str) -> None:
        super().__init__(_("No carrier is called %(name)s here.") % {"name": name[:40]})


def circuit_of(name: str) -> str:
    """The circuit of the carrier of this name."""
    return f"carrier.{name.lower()}"


class ParcelState(StrEnum):
    """How a parcel stands. The last three are its ends: it never leaves them."""

    IN_TRANSIT = "in_transit"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    LOST = "lost"
    RETURNED = "returned"

    @property
    def is_moving(self) -> bool:
        """Whether the carrier still has it, so that another look is worth while."""
        return self in (ParcelState.IN_TRANSIT, ParcelState.DELAYED)


class EventCode(StrEnum):
    """What happened to a parcel, in the shop's words, whatever the carrier calls it."""

    ACCEPTED = "accepted"
    IN_TRANSIT = "in_transit"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    LOST = "lost"
    RETURNED = "returned"


@dataclass(frozen=True, slots=True)
class Consignment:
    """What is to be sent, and to whom."""

    name: str
    address: Address
    shipping_method: str
    pieces: int = 1


@dataclass(frozen=True, slots=True)
class Quote:
    """What a parcel would cost the shop, in minor units of `currency`, and when it would arrive.

    `days` are the first and the last working day of arrival, counted from the day on which the parcel leaves.
    """

    carrier: str
    price: int
    currency: str
    days: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Booking:
    """The carrier takes the parcel. `label` is its own label as PDF, or nothing where the shop is to draw one."""

    carrier: str
    tracking_number: str
    label: bytes = b""


@dataclass(frozen=True, slots=True)
class TrackingEvent:
    """`id` is the carrier's, the same each time it tells the event; `text` is its own words, if it has any."""

    id: str
    at: datetime
    code: EventCode
    place: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Tracking:
    """Where a parcel is; `events` come oldest first."""

    state: ParcelState
    events: tuple[TrackingEvent, ...]


@dataclass(frozen=True, slots=True)
class Heard:
    """An event that the carrier told of its own accord, and the parcel that it is about."""

    tracking_number: str
    event: TrackingEvent


class Carrier(Protocol):
    """The same idempotency key never books two parcels: it returns the first booking again.

    `name` is what people read; in lower case it is the carrier's word in addresses and settings.
    """

    @property
    def name(self) -> str: ...

    def quote(self, *, consignment: Consignment) -> Quote | None:
        """Price and days, or None for what it does not take. From its tariff: pages ask, so nothing slow may."""
        ...

    def book(self, *, idempotency_key: str, consignment: Consignment) -> Booking:
        """Have a parcel fetched. Raises `CarrierUnavailable` and `AddressRejected`."""
        ...

    def fetch(self, *, idempotency_key: str) -> Booking | None:
        """The parcel that was booked under this key, or None. Raises `CarrierUnavailable`."""
        ...

    def track(self, *, tracking_number: str) -> Tracking:
        """Where a parcel is. Raises `CarrierUnavailable` and `UnknownParcel`."""
        ...

    def cancel(self, *, tracking_number: str) -> None:
        """Stop a parcel; again is no error. Raises `CarrierUnavailable` and `UnknownParcel`."""
        ...

    def tracking_url(self, *, tracking_number: str) -> str:
        """The carrier's own page about a parcel, or nothing where it has none. Asks nobody."""
        ...

    def read_webhook(self, *, body: bytes, headers: Mapping[str, str], secret: str) -> Heard:
        """The event in a raw request body. Raises `NotFromCarrier` unless it is signed with `secret` just now."""
        ...
