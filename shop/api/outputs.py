"""Response serializers of the API. Clients depend on every field name."""

from typing import Any, Never

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse
from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from orders.models import ShippingMethod, Status
from orders.money import display
from payments.models import PaymentStatus
from shipping.models import ShipmentStatus
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
        return self._absolute(static(product.image)) if product.image else None

    def _absolute(self, path: str) -> str:
        request: HttpRequest = self.context["request"]
        return request.build_absolute_uri(path)


@extend_schema_serializer(component_name="OrderLine")
class OrderLineOut(serializers.Serializer[Any]):
    sku = serializers.CharField()
    name = serializers.CharField()
    quantity = serializers.IntegerField()
    unit_price = serializers.SerializerMethodField()
    total = serializers.SerializerMethodField()

    @extend_schema_field(Money)
    def get_unit_price(self, line: Any) -> dict[str, Any]:
        return money(line.unit_price, self.context["currency"])

    @extend_schema_field(Money)
    def get_total(self, line: Any) -> dict[str, Any]:
        return money(line.total, self.context["currency"])


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


@extend_schema_serializer(component_name="Order")
class OrderOut(serializers.Serializer[OrderView]):
    number = serializers.CharField(source="order.number")
    public_id = serializers.CharField(source="order.public_id")
    status = serializers.ChoiceField(source="order.status", choices=Status.choices)
    total = serializers.SerializerMethodField()
    lines = serializers.SerializerMethodField()
    shipping_method = serializers.ChoiceField(source="order.shipping_method", choices=ShippingMethod.choices)
    timeline = TimelineEntry(many=True)
    payment = PaymentOut(allow_null=True)
    shipment = ShipmentOut(allow_null=True)
    links = serializers.SerializerMethodField()

    @extend_schema_field(Money)
    def get_total(self, view: OrderView) -> dict[str, Any]:
        return money(view.order.total, view.order.currency)

    @extend_schema_field(OrderLineOut(many=True))
    def get_lines(self, view: OrderView) -> Any:
        return OrderLineOut(view.lines, many=True, context={"currency": view.order.currency}).data

    @extend_schema_field(Links)
    def get_links(self, view: OrderView) -> dict[str, str]:
        request: HttpRequest = self.context["request"]
        public_id = view.order.public_id
        return {
            "self": request.build_absolute_uri(reverse("api:order", args=[public_id])),
            "track": request.build_absolute_uri(reverse("shop:order", args=[public_id])),
        }


@extend_schema_serializer(component_name="Token")
class TokenOut(serializers.Serializer[Any]):
    token = serializers.CharField()
    expiry = serializers.DateTimeField()
