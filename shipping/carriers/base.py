"""The `Carrier` protocol that every parcel carrier implements, with its errors and results."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol, runtime_checkable

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from messaging.hooks.next_steps import OPEN_GROUP, OPEN_SUBJECT, RETRY, next_step
from orders.values import Address
from orders.webhook_events import NotAuthentic, identifier

#: Characters of a tracking number, and bytes of a carrier's label: one page.
MOST_CHARACTERS, MOST_LABEL_BYTES = 40, 2_000_000


@next_step(
    gettext_lazy("The carrier did not answer; if it booked a parcel all the same, a retry finds that."),
    gettext_lazy("Retry it once the carrier answers. While its circuit is open, the message waits for it."),
    action=RETRY,
)
class CarrierUnavailable(Exception):
    """The carrier did not respond, or a parcel may or may not be booked. Retry with the same idempotency key.

    `concerns_all`: other requests would fail, too. False if the problem is specific to this request.
    """

    def __init__(self, message: str = "", *, concerns_all: bool = True) -> None:
        self.concerns_all = concerns_all
        super().__init__(message)


@next_step(
    gettext_lazy(
        "The carrier does not deliver to this address; no parcel is booked, and a retry gets the same answer."
    ),
    gettext_lazy("Correct the address, which books the parcel again. If there is no better one, refund the order."),
    action="correct_address",
)
class AddressRejected(Exception):
    """The carrier does not serve the address; retrying would not help. An operator has to correct it.

    `reason` is a code, such as `unknown_address`. It is the only argument, because Celery recreates an error in another
    process from its arguments. It contains no part of the address, which the ledger must not store.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)

    def __str__(self) -> str:
        return f"The carrier rejected the address ({self.reason}); nothing was booked."


@next_step(
    gettext_lazy("The carrier has no parcel with this tracking number."),
    gettext_lazy("Look at the order's parcels and ask the carrier. Retry the task once the carrier knows the parcel."),
    action=OPEN_SUBJECT,
)
class UnknownParcel(LookupError):
    """The carrier has no parcel with this tracking number."""


class NotFromCarrier(NotAuthentic):
    """The webhook request has no valid, recent signature of the carrier."""


@next_step(
    gettext_lazy("The carrier of this parcel is not configured."),
    gettext_lazy("Add it to SHIPPING_CARRIERS, restart the workers, then retry the group."),
    action=OPEN_GROUP,
)
class UnknownCarrier(LookupError):
    """No carrier with this name is configured."""

    def __init__(self, name: str) -> None:
        super().__init__(_("Unknown carrier: %(name)s.") % {"name": name[:40]})


def circuit_of(name: str) -> str:
    """The name of the carrier's circuit."""
    return f"carrier.{name.lower()}"


@contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        why = f"The carrier's answer cannot be recorded: {error}."
        raise CarrierUnavailable(why, concerns_all=False) from error


class ParcelState(StrEnum):
    """The state of a parcel. The last three are final."""

    IN_TRANSIT = "in_transit"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    LOST = "lost"
    RETURNED = "returned"

    @property
    def is_moving(self) -> bool:
        """Whether the carrier still has the parcel, so that it is worth tracking."""
        return self in (ParcelState.IN_TRANSIT, ParcelState.DELAYED)


class EventCode(StrEnum):
    """Kinds of tracking events, independent of the carrier's own terms."""

    ACCEPTED = "accepted"
    IN_TRANSIT = "in_transit"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    LOST = "lost"
    RETURNED = "returned"


@dataclass(frozen=True, slots=True)
class Consignment:
    """A parcel to be sent, and its recipient."""

    name: str
    address: Address
    shipping_method: str
    pieces: int = 1


@dataclass(frozen=True, slots=True)
class Quote:
    """A carrier's price for a parcel, in minor units of `currency`, and its delivery time.

    `days` are the minimum and maximum number of working days from the day on which the parcel leaves.
    """

    carrier: str
    price: int
    currency: str
    days: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Booking:
    """A booked parcel. `label` is the carrier's own label as PDF; empty if the shop has to generate one.

    Raises `CarrierUnavailable` for what cannot be recorded: the next attempt asks the carrier for the booking again.
    """

    carrier: str
    tracking_number: str
    label: bytes = b""

    def __post_init__(self) -> None:
        with _readable():
            identifier(self.tracking_number, most=MOST_CHARACTERS)
            if self.label and (len(self.label) > MOST_LABEL_BYTES or b"%PDF" not in self.label[:1024]):
                raise ValueError("the label is not a PDF, or too large")


@dataclass(frozen=True, slots=True)
class TrackingEvent:
    """`id` is the carrier's and stable; `text` is the carrier's own description, if any.

    Raises `CarrierUnavailable` for what cannot be recorded.
    """

    id: str
    at: datetime
    code: EventCode
    place: str = ""
    text: str = ""

    def __post_init__(self) -> None:
        with _readable():
            identifier(self.id)
            EventCode(self.code)
            if self.at.utcoffset() is None:
                raise ValueError("its time has no zone")


@dataclass(frozen=True, slots=True)
class Tracking:
    """The state of a parcel, with its `events`, oldest first."""

    state: ParcelState
    events: tuple[TrackingEvent, ...]


@dataclass(frozen=True, slots=True)
class CarrierEvent:
    """An event that a carrier has sent to its webhook, and the parcel that it is about."""

    tracking_number: str
    event: TrackingEvent

    def __post_init__(self) -> None:
        with _readable():
            identifier(self.tracking_number)


class Carrier(Protocol):
    """The same idempotency key never books two parcels: it returns the first booking again.

    `name` is the label that people see; in lower case it identifies the carrier in URLs and settings. A carrier that
    also brings parcels back is one that `TakesReturns`.
    """

    @property
    def name(self) -> str: ...

    def quote(self, *, consignment: Consignment) -> Quote | None:
        """Price and delivery time; None if the carrier does not accept the parcel. Must be fast: pages call it."""
        ...

    def book(self, *, idempotency_key: str, consignment: Consignment) -> Booking:
        """Book a parcel. Raises `CarrierUnavailable` and `AddressRejected`."""
        ...

    def fetch(self, *, idempotency_key: str) -> Booking | None:
        """The booking under this key, or None. Raises `CarrierUnavailable`."""
        ...

    def track(self, *, tracking_number: str) -> Tracking:
        """The state of a parcel. Raises `CarrierUnavailable` and `UnknownParcel`."""
        ...

    def cancel(self, *, tracking_number: str) -> None:
        """Cancel a parcel; idempotent. Raises `CarrierUnavailable` and `UnknownParcel`."""
        ...

    def tracking_url(self, *, tracking_number: str) -> str:
        """The carrier's tracking page for a parcel; empty if there is none. Makes no request."""
        ...

    def read_webhook(self, *, body: bytes, headers: Mapping[str, str], secret: str) -> CarrierEvent:
        """The event in a raw request body.

        Raises `NotFromCarrier` unless it has a recent signature with `secret`, and then `EventNotUnderstood` if the
        body cannot be read.
        """
        ...


@runtime_checkable
class TakesReturns(Carrier, Protocol):
    """A carrier that also brings parcels back to the shop. Without one, shoppers are sent the shop's address."""

    def book_return(self, *, idempotency_key: str, consignment: Consignment) -> Booking:
        """Book a parcel from the address of `consignment` to the shop. `fetch` finds it, too.

        Raises `CarrierUnavailable`, and `AddressRejected` if the carrier collects nothing there.
        """
        ...
