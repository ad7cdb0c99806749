"""How does a carrier behave, good days and bad, when the address's city says which day it is?

It keeps its own record of parcels, as a real one does, written at once, whatever becomes of the shop's transaction.
"""

import secrets
from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError
from django.db.models import F
from django.utils import timezone

from orders.values import Address
from shipping.carriers.base import Booking, CarrierUnavailable, Tracking, UnknownParcel
from shipping.models import CarrierCall, CarrierParcel


class SimulatedCarrier:
    name = "Swiftpost"

    def book(self, *, idempotency_key: str, address: Address) -> Booking:
        _play_script(idempotency_key, city=address.city)
        return _booking(_parcel(idempotency_key, address.city), address)

    def fetch(self, *, idempotency_key: str, address: Address) -> Booking | None:
        parcel = CarrierParcel.objects.filter(idempotency_key=idempotency_key).first()
        return _booking(parcel, address) if parcel else None

    def track(self, *, tracking_number: str) -> Tracking:
        """Parcels take `CONVEYOR_TRANSIT_SECONDS`; a cancelled one never arrives."""
        parcel = CarrierParcel.objects.filter(tracking_number=tracking_number).first()
        if parcel is None:
            raise UnknownParcel(tracking_number)
        arrival = parcel.booked_at + timedelta(seconds=settings.CONVEYOR_TRANSIT_SECONDS)
        has_arrived = parcel.cancelled_at is None and arrival <= timezone.now()
        return Tracking(delivered_at=arrival if has_arrived else None)

    def cancel(self, *, tracking_number: str) -> None:
        parcels = CarrierParcel.objects.filter(tracking_number=tracking_number)
        if not parcels.filter(cancelled_at=None).update(cancelled_at=timezone.now()) and not parcels.exists():
            raise UnknownParcel(tracking_number)


def _play_script(key: str, *, city: str) -> None:
    if city == "Nowhere" or (city == "Flakytown" and _calls(key) <= 2):
        raise CarrierUnavailable("The carrier did not answer.")


def _calls(key: str) -> int:
    call, _created = CarrierCall.objects.get_or_create(idempotency_key=key)
    CarrierCall.objects.filter(pk=call.pk).update(calls=F("calls") + 1)
    return call.calls + 1


def _parcel(key: str, city: str) -> CarrierParcel:
    """The one parcel of this key. The unique key decides, so a new one costs one INSERT."""
    try:
        return CarrierParcel.objects.create(
            idempotency_key=key, tracking_number=f"SP{secrets.randbelow(10**12):012d}", city=city
        )
    except IntegrityError:
        return CarrierParcel.objects.get(idempotency_key=key)


def _booking(parcel: CarrierParcel, address: Address) -> Booking:
    label = [
        SimulatedCarrier.name,
        parcel.tracking_number,
        "",
        address.line1,
        f"{address.postcode} {address.city}",
        address.country,
    ]
    return Booking(tracking_number=parcel.tracking_number, label="\n".join(label))
