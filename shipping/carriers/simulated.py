"""Simulated carriers: the city of the address selects a scripted outcome.

Like real carriers they keep their own record of parcels, written independently of the shop's transaction.
"""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError
from django.db.models import F
from django.db.models.functions import Coalesce, Least
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from messaging import clock, simulated_outages
from orders.webhook_events import EventNotUnderstood, identifier
from shipping.carriers import signatures
from shipping.carriers.base import (
    AddressRejected,
    Booking,
    CarrierEvent,
    CarrierUnavailable,
    Consignment,
    EventCode,
    ParcelState,
    Quote,
    Tracking,
    TrackingEvent,
    UnknownParcel,
    circuit_of,
)
from shipping.models import CarrierCall, CarrierParcel

HEADER = "Carrier-Signature"

#: Uninhabited countries, which no carrier serves.
_UNINHABITED = frozenset({"AQ", "BV", "HM"})
#: Tracking events of a parcel, each with its time as a fraction of `CONVEYOR_TRANSIT_SECONDS`.
_DEFAULT_COURSE = ((EventCode.ACCEPTED, 0.0), (EventCode.IN_TRANSIT, 0.3), (EventCode.DELIVERED, 1.0))
_COURSES = {
    "Delayburg": (*_DEFAULT_COURSE[:2], (EventCode.DELAYED, 0.6), (EventCode.DELIVERED, 2.0)),
    "Lostville": (*_DEFAULT_COURSE[:2], (EventCode.LOST, 1.0)),
    "Returnham": (*_DEFAULT_COURSE[:2], (EventCode.RETURNED, 1.0)),
}


@dataclass(frozen=True, slots=True)
class Tariff:
    """`prices`, by shipping method, and `each_piece`, for each piece beyond the first, are minor units.

    An empty `countries` means every inhabited country.
    """

    prices: Mapping[str, int]
    each_piece: int
    days: Mapping[str, tuple[int, int]]
    countries: frozenset[str] = frozenset()
    most_pieces: int = 10_000


class SimulatedCarrier:
    name: str
    prefix: str
    tariff: Tariff

    def quote(self, *, consignment: Consignment) -> Quote | None:
        method, country, tariff = consignment.shipping_method, consignment.address.country, self.tariff
        goes_there = country in tariff.countries if tariff.countries else country not in _UNINHABITED
        if method not in tariff.prices or not goes_there or consignment.pieces > tariff.most_pieces:
            return None
        price = tariff.prices[method] + tariff.each_piece * (consignment.pieces - 1)
        return Quote(self.name, price, settings.SHOP_CURRENCY, tariff.days[method])

    def book(self, *, idempotency_key: str, consignment: Consignment) -> Booking:
        self._reach()
        city = consignment.address.city
        if city == "Rejectford":
            raise AddressRejected("unknown_address")
        if city == "Nowhere" and not simulated_outages.is_active(name=simulated_outages.OUTAGE_ENDED):
            raise CarrierUnavailable("The carrier did not answer.", concerns_all=False)
        if city == "Flakytown" and self._calls(idempotency_key) <= 2:
            raise CarrierUnavailable("The carrier did not answer.", concerns_all=False)
        return self._booking(self._parcel(idempotency_key, city))

    def book_return(self, *, idempotency_key: str, consignment: Consignment) -> Booking:
        """A parcel from the address of `consignment` to the shop, from every place that the carrier reaches."""
        self._reach()
        city = consignment.address.city
        if city == "Flakytown" and self._calls(idempotency_key) <= 2:
            raise CarrierUnavailable("The carrier did not answer.", concerns_all=False)
        return self._booking(self._parcel(idempotency_key, city, is_return=True))

    def fetch(self, *, idempotency_key: str) -> Booking | None:
        self._reach()
        parcel = CarrierParcel.objects.filter(carrier=self.name, idempotency_key=idempotency_key).first()
        return self._booking(parcel) if parcel else None

    def track(self, *, tracking_number: str) -> Tracking:
        """Transit takes `CONVEYOR_TRANSIT_SECONDS`; the tracking of a cancelled parcel ends when it is cancelled."""
        self._reach()
        now = clock.moment()  # the carrier has one clock, whoever asks
        parcels = CarrierParcel.objects.filter(carrier=self.name, tracking_number=tracking_number)
        parcel = parcels.annotate(until=Least(Coalesce("cancelled_at", now), now)).first()
        if parcel is None:
            raise UnknownParcel(tracking_number)
        events = tuple(event for event in _course(parcel) if event.at <= parcel.until)
        return Tracking(_state(events) if parcel.cancelled_at is None else ParcelState.IN_TRANSIT, events)

    def cancel(self, *, tracking_number: str) -> None:
        self._reach()
        parcels = CarrierParcel.objects.filter(carrier=self.name, tracking_number=tracking_number)
        if not parcels.filter(cancelled_at=None).update(cancelled_at=clock.moment()) and not parcels.exists():
            raise UnknownParcel(tracking_number)

    def tracking_url(self, *, tracking_number: str) -> str:
        return f"https://{self.name.lower()}.example/{tracking_number}"

    def read_webhook(self, *, body: bytes, headers: Mapping[str, str], secret: str) -> CarrierEvent:
        signatures.verify(body, header=headers.get(HEADER, ""), secret=secret)
        try:
            return _event(json.loads(body))
        except Exception as error:
            raise EventNotUnderstood(repr(error)) from error

    def _reach(self) -> None:
        """The network: a simulated outage affects every request, whatever its city."""
        if simulated_outages.is_active(name=circuit_of(self.name)):
            raise CarrierUnavailable(f"{self.name} is unreachable.")

    def _calls(self, key: str) -> int:
        call, _created = CarrierCall.objects.get_or_create(idempotency_key=f"{self.prefix}:{key}")
        CarrierCall.objects.filter(pk=call.pk).update(calls=F("calls") + 1)
        return call.calls + 1

    def _parcel(self, key: str, city: str, *, is_return: bool = False) -> CarrierParcel:
        """The parcel under this key. The unique key decides, so a new parcel costs one INSERT."""
        number = f"{self.prefix}{secrets.randbelow(10**12):012d}"
        try:
            return CarrierParcel.objects.create(
                carrier=self.name,
                idempotency_key=key,
                tracking_number=number,
                city=city,
                is_return=is_return,
                booked_at=clock.moment(),
            )
        except IntegrityError:
            return CarrierParcel.objects.get(carrier=self.name, idempotency_key=key)

    def _booking(self, parcel: CarrierParcel) -> Booking:
        return Booking(carrier=self.name, tracking_number=parcel.tracking_number)


class Swiftpost(SimulatedCarrier):
    """Fast; serves every inhabited country."""

    name, prefix = "Swiftpost", "SP"
    tariff = Tariff(
        prices={"standard": 690, "express": 1490},
        each_piece=40,
        days={"standard": (2, 4), "express": (1, 1)},
    )


class Landpost(SimulatedCarrier):
    """Cheap, by road; serves a few countries, small parcels only."""

    name, prefix = "Landpost", "LP"
    tariff = Tariff(
        prices={"standard": 420},
        each_piece=15,
        days={"standard": (3, 4)},
        countries=frozenset({"AT", "BE", "CZ", "DE", "DK", "FR", "LU", "NL", "PL"}),
        most_pieces=20,
    )


def _course(parcel: CarrierParcel) -> list[TrackingEvent]:
    transit = timedelta(seconds=settings.CONVEYOR_TRANSIT_SECONDS)
    return [
        TrackingEvent(
            id=f"{parcel.tracking_number}-{code}",
            at=parcel.booked_at + transit * part,
            code=code,
            place=parcel.city if code == EventCode.DELIVERED else "",
        )
        for code, part in _COURSES.get(parcel.city, _DEFAULT_COURSE)
    ]


def _state(events: tuple[TrackingEvent, ...]) -> ParcelState:
    last = events[-1].code if events else EventCode.ACCEPTED
    return ParcelState.IN_TRANSIT if last == EventCode.ACCEPTED else ParcelState(last)


def _event(body: dict[str, Any]) -> CarrierEvent:
    """Raises `ValueError` for an unknown code, for example one that the carrier has added since."""
    at = parse_datetime(body["at"])
    if at is None or timezone.is_naive(at):
        raise ValueError("at is missing")
    event = TrackingEvent(
        id=_identifier(body["id"]),
        at=at.astimezone(UTC),
        code=EventCode(body["code"]),
        place=_text(body.get("place", "")),
        text=_text(body.get("text", "")),
    )
    return CarrierEvent(tracking_number=_identifier(body["tracking_number"]), event=event)


def _identifier(value: Any) -> str:
    """A number counts as text. Raises `ValueError` for what no database stores as an identifier."""
    return identifier(str(value) if isinstance(value, int) else value)


def _text(value: Any) -> str:
    """Free text, with unprintable characters replaced."""
    return "".join(char if char.isprintable() else " " for char in value) if isinstance(value, str) else ""


def webhook(carrier_event: CarrierEvent, *, secret: str, at: datetime | None = None) -> tuple[bytes, dict[str, str]]:
    """Body and headers of a webhook request by a simulated carrier, for tests and demonstrations."""
    event = carrier_event.event
    content = {
        "id": event.id,
        "tracking_number": carrier_event.tracking_number,
        "code": event.code,
        "at": event.at.isoformat(),
        "place": event.place,
        "text": event.text,
    }
    body = json.dumps(content).encode()
    return body, {HEADER: signatures.sign(body, secret=secret, at=at.timestamp() if at else None)}
