"""Response serializers of the API. Clients depend on every field name."""

from typing import Any, Never

from django.http import HttpRequest
from django.urls import reverse
from django.utils.timezone import localtime
from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from orders.models import OrderLine, ShippingMethod, Status
from orders.money import display
from payments.models import PaymentStatus
from shipping.models import ShipmentStatus
from shop.catalogue.pictures import Pictured
from shop.models import Product
from shop.order_pages.selectors import OrderView


def money(amount: int, currency: str) -> dict[str, Any]:
    """`amount` in minor units."""
    return {"amount": amount, "currency": currency, "display": display(amount, currency)}


class Money(serializers.Serializer[Never]):
    amount = serializers.IntegerField(help_text="in minor units")
    currency = serializers.CharField(help_text="ISO 4217 code")
    display = serializers.CharField(help_text="formatted in the request's language")


@extend_schema_serializer(component_name="Product")
class ProductOut(serializers.Serializer[Product]):
    sku = serializers.CharField()
    name = serializers.CharField()
    slug = serializers.CharField()
    price = serializers.SerializerMethodField()
    stock = serializers.IntegerField()
    category = serializers.SerializerMethodField(help_text="category slug")
    image = serializers.SerializerMethodField()

    @extend_schema_field(Money)
    def get_price(self, product: Product) -> dict[str, Any]:
        return money(product.price, product.currency)

    def get_category(self, product: Product) -> str | None:
        return product.category.slug if product.category else None

    @extend_schema_field(serializers.URLField(allow_null=True))
    def get_image(self, product: Product) -> str | None:
        return self._absolute(Pictured.of(product).largest) if product.picture or product.image else None

    def _absolute(self, path: str) -> str:
        request: HttpRequest = self.context["request"]
        return request.build_absolute_uri(path)


@extend_schema_serializer(component_name="OrderLine")
class OrderLineOut(serializers.Serializer[Any]):
    sku = serializers.CharField()
    name = serializers.CharField()
    quantity = serializers.IntegerField()
    unit_price = Money()
    total = Money()


class TimelineEntry(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    event = serializers.CharField()
    text = serializers.CharField()


@extend_schema_serializer(component_name="Payment")
class PaymentOut(serializers.Serializer[Any]):
    status = serializers.ChoiceField(choices=PaymentStatus.choices)
    attempts = serializers.IntegerField()


@extend_schema_serializer(component_name="Shipment")
class ShipmentOut(serializers.Serializer[Any]):
    status = serializers.ChoiceField(choices=ShipmentStatus.choices)
    carrier = serializers.CharField()
    tracking_number = serializers.CharField()


class Links(serializers.Serializer[Never]):
    self = serializers.URLField()
    track = serializers.URLField()


# Describes `order_data` in the schema. A comment, because a docstring would become its description there.
@extend_schema_serializer(component_name="Order")
class OrderOut(serializers.Serializer[Never]):
    number = serializers.CharField()
    public_id = serializers.CharField()
    status = serializers.ChoiceField(choices=Status.choices)
    total = Money()
    lines = OrderLineOut(many=True)
    shipping_method = serializers.ChoiceField(choices=ShippingMethod.choices)
    timeline = TimelineEntry(many=True)
    payment = PaymentOut(allow_null=True)
    shipment = ShipmentOut(allow_null=True)
    links = Links()


def order_data(view: OrderView, request: HttpRequest) -> dict[str, Any]:
    """An order as `OrderOut` describes it."""
    order, payment, shipment = view.order, view.payment, view.shipment
    return {
        "number": order.number,
        "public_id": order.public_id,
        "status": order.status,
        "total": money(order.total, order.currency),
        "lines": [_line(line, order.currency) for line in view.lines],
        "shipping_method": order.shipping_method,
        "timeline": [{"at": localtime(e.at), "event": e.event, "text": e.text} for e in view.timeline],
        "payment": payment and {"status": payment.status, "attempts": payment.attempts},
        "shipment": shipment and {name: getattr(shipment, name) for name in ("status", "carrier", "tracking_number")},
        "links": {
            "self": request.build_absolute_uri(reverse("api:order", args=[order.public_id])),
            "track": request.build_absolute_uri(reverse("shop:order", args=[order.public_id])),
        },
    }


def _line(line: OrderLine, currency: str) -> dict[str, Any]:
    return {
        "sku": line.sku,
        "name": line.name,
        "quantity": line.quantity,
        "unit_price": money(line.unit_price, currency),
        "total": money(line.total, currency),
    }


@extend_schema_serializer(component_name="Token")
class TokenOut(serializers.Serializer[Any]):
    token = serializers.CharField()
    expiry = serializers.DateTimeField()
