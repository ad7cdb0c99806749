"""Which dead messages about parcels have nothing left to do? What a person is told before many are sent again.

Only our own record counts. A parcel that the carrier booked and we do not know of must go again: the order's number is
the key by which the carrier finds it.
"""

import uuid
from collections.abc import Mapping

from django.utils.translation import gettext as _

from messaging.hooks import already_done
from shipping.models import MOVING, Shipment, ShipmentStatus
from shipping.payloads import CompareParcel, CreateShipment, TrackShipment


def register() -> None:
    already_done.register(CreateShipment.task, booked)
    already_done.register(TrackShipment.task, tracked)
    already_done.register(CompareParcel.task, compared)


def booked(payloads: already_done.Payloads) -> Mapping[uuid.UUID, str]:
    wanted = [payload.order_id for payload in payloads.values()]
    there = Shipment.objects.filter(current_for__in=wanted).values_list("current_for", "tracking_number")
    told = ((order, _("parcel %(number)s is booked") % {"number": number}) for order, number in there)
    return already_done.done_of(payloads, by="order_id", done=told)


def tracked(payloads: already_done.Payloads) -> Mapping[uuid.UUID, str]:
    """The parcel is not on its way any more, so there is nothing to look for."""
    return _ended(payloads, by="order_id", field="current_for")


def compared(payloads: already_done.Payloads) -> Mapping[uuid.UUID, str]:
    return _ended(payloads, by="shipment_id", field="pk")


def _ended(payloads: already_done.Payloads, *, by: str, field: str) -> Mapping[uuid.UUID, str]:
    wanted = {f"{field}__in": [getattr(payload, by) for payload in payloads.values()]}
    ended = Shipment.objects.filter(**wanted).exclude(status__in=MOVING).values_list(field, "status")
    told = ((id_, _("the parcel is %(status)s") % {"status": ShipmentStatus(status).label}) for id_, status in ended)
    return already_done.done_of(payloads, by=by, done=told)
