"""A carrier for parcels that the shop takes to the post itself: booked without asking anyone, and not tracked."""

import hashlib
import re
from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Final

from django.conf import settings
from django.utils import timezone

from shipping.carriers.base import (
    Booking,
    CarrierEvent,
    Consignment,
    EventCode,
    NotFromCarrier,
    ParcelState,
    Quote,
    Tracking,
    TrackingEvent,
    UnknownParcel,
)
from shipping.delivery_windows import delivery_window

_METHODS: Final = {"standard": "S", "express": "E"}
_NUMBER: Final = re.compile(r"UP(\d{8})([SE])[0-9A-F]{10}", re.ASCII)


class UntrackedPost:
    """A parcel counts as delivered once the delivery time that the shop promises (`SHIPPING_WORKING_DAYS`) has passed.

    A tracking number contains the day on which it leaves and the shipping method, so that no record is kept here. What
    the shop pays for a parcel is not known, and counts as 0.
    """

    name = "Post"

    def quote(self, *, consignment: Consignment) -> Quote | None:
        days = settings.SHIPPING_WORKING_DAYS.get(consignment.shipping_method)
        return Quote(self.name, 0, settings.SHOP_CURRENCY, days) if days else None

    def book(self, *, idempotency_key: str, consignment: Consignment) -> Booking:
        digest = hashlib.sha256(idempotency_key.encode()).hexdigest()[:10].upper()
        leaves = delivery_window(days=(0, 0), ready_at=timezone.now()).latest
        return Booking(self.name, f"UP{leaves:%Y%m%d}{_METHODS[consignment.shipping_method]}{digest}")

    def book_return(self, *, idempotency_key: str, consignment: Consignment) -> Booking:
        """The number only names the parcel, so that an operator finds its return."""
        digest = hashlib.sha256(idempotency_key.encode()).hexdigest()[:12].upper()
        return Booking(self.name, f"UR{digest}")

    def fetch(self, *, idempotency_key: str) -> Booking | None:
        """None: a booking that the shop has not recorded has no effect."""
        return None

    def track(self, *, tracking_number: str) -> Tracking:
        posted, arrives = _days(tracking_number)
        if timezone.now() < _at(posted, time.min):
            return Tracking(ParcelState.IN_TRANSIT, ())
        events = [_event(tracking_number, EventCode.ACCEPTED, posted, time.min)]
        if timezone.now() >= _at(arrives, time.max):
            events.append(_event(tracking_number, EventCode.DELIVERED, arrives, time.max))
            return Tracking(ParcelState.DELIVERED, tuple(events))
        return Tracking(ParcelState.IN_TRANSIT, tuple(events))

    def cancel(self, *, tracking_number: str) -> None:
        _days(tracking_number)

    def tracking_url(self, *, tracking_number: str) -> str:
        return ""

    def read_webhook(self, *, body: bytes, headers: Mapping[str, str], secret: str) -> CarrierEvent:
        raise NotFromCarrier("Nobody tracks these parcels.")


def _days(number: str) -> tuple[date, date]:
    """The days of departure and of arrival. Raises `UnknownParcel`."""
    found = _NUMBER.fullmatch(number)
    try:
        posted = datetime.strptime(found[1], "%Y%m%d").date() if found else None  # noqa: DTZ007 - a day
    except ValueError:
        posted = None
    if found is None or posted is None:
        raise UnknownParcel(number)
    method = next(method for method, letter in _METHODS.items() if letter == found[2])
    window = delivery_window(days=settings.SHIPPING_WORKING_DAYS[method], ready_at=_at(posted, time.min))
    return posted, window.latest


def _at(day: date, moment: time) -> datetime:
    return datetime.combine(day, moment, tzinfo=timezone.get_default_timezone())


def _event(number: str, code: EventCode, day: date, moment: time) -> TrackingEvent:
    return TrackingEvent(id=f"{number}-{code}", at=_at(day, moment), code=code)
