"""Which dead messages about parcels have nothing left to do? What a person is told before many are sent again.

Only our own record counts. A parcel that the carrier booked and we do not know of must go again: the order's number is
the key by which the carrier finds it.
"""

import uuid
from collections.abc import Mapping

from django.utils.translation import gettext as _

from messaging.bulk import checks
from shipping.models import Shipment, ShipmentStatus
from shipping.payloads import CreateShipment, TrackShipment


def register() -> None:
    checks.register(CreateShipment.task, booked)
    checks.register(TrackShipment.task, tracked)


def booked(payloads: checks.Payloads) -> Mapping[uuid.UUID, str]:
    there = Shipment.objects.filter(order_id__in=_orders(payloads)).values_list("order_id", "tracking_number")
    told = ((order, _("parcel %(number)s is booked") % {"number": number}) for order, number in there)
    return checks.done_of(payloads, by="order_id", done=told)


def tracked(payloads: checks.Payloads) -> Mapping[uuid.UUID, str]:
    """The parcel is not on its way any more, so there is nothing to look for."""
    arrived = Shipment.objects.filter(order_id__in=_orders(payloads)).exclude(status=ShipmentStatus.IN_TRANSIT)
    told = (
        (order, _("the parcel is %(status)s") % {"status": ShipmentStatus(status).label})
        for order, status in arrived.values_list("order_id", "status")
    )
    return checks.done_of(payloads, by="order_id", done=told)


def _orders(payloads: checks.Payloads) -> list[int]:
    return [payload.order_id for payload in payloads.values()]
