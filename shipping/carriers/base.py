"""What does the shop expect of any parcel carrier?"""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from orders.values import Address


class CarrierUnavailable(Exception):
    """No answer, or none that tells whether a parcel was booked. To be tried again with the same idempotency key."""


class UnknownParcel(LookupError):
    """The carrier knows no parcel of this tracking number."""


@dataclass(frozen=True, slots=True)
class Booking:
    """`label` is the text to print on the parcel."""

    tracking_number: str
    label: str


@dataclass(frozen=True, slots=True)
class Tracking:
    """`delivered_at` is None while the parcel is on its way."""

    delivered_at: datetime | None


class Carrier(Protocol):
    """The same idempotency key never books two parcels: it returns the first booking again."""

    name: str

    def book(self, *, idempotency_key: str, address: Address) -> Booking:
        """Have a parcel fetched. Raises `CarrierUnavailable`."""
        ...

    def fetch(self, *, idempotency_key: str, address: Address) -> Booking | None:
        """The parcel that was booked under this key, or None. Raises `CarrierUnavailable`."""
        ...

    def track(self, *, tracking_number: str) -> Tracking:
        """Where a parcel is. Raises `CarrierUnavailable` and `UnknownParcel`."""
        ...

    def cancel(self, *, tracking_number: str) -> None:
        """Stop a parcel; again is no error. Raises `CarrierUnavailable` and `UnknownParcel`."""
        ...
