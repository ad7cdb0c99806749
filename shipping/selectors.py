"""What can be asked about shipments?"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from orders.models import Order
from orders.values import Address
from shipping.models import CarrierParcel, Shipment

_SATURDAY = 5
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Window:
    """The first and the last day on which a parcel should arrive."""

    earliest: date
    latest: date


def order_to_ship(*, order_id: int) -> Order:
    """The order with its shipment, if it has one. Raises `Order.DoesNotExist`."""
    return Order.objects.select_related("shipment").get(pk=order_id)


def shipment_of(*, order_id: int) -> Shipment | None:
    """The order's parcel, if one was booked."""
    return Shipment.objects.select_related("order").filter(order_id=order_id).first()


def shipment(*, shipment_id: UUID) -> Shipment:
    """Raises `Shipment.DoesNotExist`."""
    return Shipment.objects.get(pk=shipment_id)


def address_of(order: Order) -> Address:
    return Address(line1=order.line1, city=order.city, postcode=order.postcode, country=order.country)


def delivery_window(*, shipping_method: str, placed_at: datetime) -> Window:
    """When a parcel ordered at `placed_at` (aware) should arrive. Days and the cut-off hour are of TIME_ZONE.

    Public holidays are not known. Raises `KeyError` for an unknown method.
    """
    first, last = settings.SHIPPING_WORKING_DAYS[shipping_method]
    leaves = _leaves_on(timezone.localtime(placed_at, timezone.get_default_timezone()))
    return Window(earliest=_working_days_after(leaves, first), latest=_working_days_after(leaves, last))


def _leaves_on(placed: datetime) -> date:
    in_time = placed.hour < settings.SHIPPING_CUTOFF_HOUR
    if in_time and placed.weekday() < _SATURDAY:
        return placed.date()
    return _working_days_after(placed.date(), 1)


def _working_days_after(day: date, count: int) -> date:
    while count > 0:
        day += _ONE_DAY
        count -= day.weekday() < _SATURDAY
    return day


def parcel_at_carrier(*, order_number: str) -> CarrierParcel | None:
    """What the simulated carrier's own record says of an order's parcel."""
    return CarrierParcel.objects.filter(idempotency_key=order_number).first()
