"""Recognizes dead shipping messages whose work is already done, so that a bulk retry can skip them.

Only the shop's own record counts. A parcel that the carrier has booked and the shop has not recorded must be retried:
the idempotency key finds it.
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
    ids = [payload.order_id for payload in payloads.values()]
    shipments = Shipment.objects.filter(current_for__in=ids).values_list("current_for", "tracking_number")
    done = ((order, _("parcel %(number)s is booked") % {"number": number}) for order, number in shipments)
    return already_done.done_of(payloads, by="order_id", done=done)


def tracked(payloads: already_done.Payloads) -> Mapping[uuid.UUID, str]:
    """The parcel is no longer on its way, so there is nothing to track."""
    return _no_longer_moving(payloads, by="order_id", field="current_for")


def compared(payloads: already_done.Payloads) -> Mapping[uuid.UUID, str]:
    return _no_longer_moving(payloads, by="shipment_id", field="pk")


def _no_longer_moving(payloads: already_done.Payloads, *, by: str, field: str) -> Mapping[uuid.UUID, str]:
    ids = {f"{field}__in": [getattr(payload, by) for payload in payloads.values()]}
    final = Shipment.objects.filter(**ids).exclude(status__in=MOVING).values_list(field, "status")
    done = ((id_, _("the parcel is %(status)s") % {"status": ShipmentStatus(status).label}) for id_, status in final)
    return already_done.done_of(payloads, by=by, done=done)
