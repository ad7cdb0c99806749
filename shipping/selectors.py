"""What can be asked about shipments?"""

from uuid import UUID

from orders.models import Order
from orders.values import Address
from shipping.models import Shipment


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
