"""Response serializers of the API. Clients depend on every field name."""

from typing import Any, Never

from django.http import HttpRequest
from django.urls import reverse
from django.utils.timezone import localtime
from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from orders.models import Order, OrderLine, ShippingMethod, Status
from orders.money import display
from payments.models import PaymentStatus
from payments.selectors import PaymentSummary
from shipping.models import ShipmentStatus
from shop.catalogue.pictures import Pictured
from shop.invoices.selectors import PaperSummary
from shop.models import Product, ReturnReason, ReturnStatus
from shop.order_pages.selectors import OrderView
from shop.returns.selectors import ReturnSummary


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


_ACTION_URL = "Where the shopper confirms the payment with the bank; null unless the status is `action_required`."


@extend_schema_serializer(component_name="Payment")
class PaymentOut(serializers.Serializer[Any]):
    status = serializers.ChoiceField(choices=PaymentStatus.choices)
    attempts = serializers.IntegerField()
    action_url = serializers.URLField(allow_null=True, help_text=_ACTION_URL)


@extend_schema_serializer(component_name="Shipment")
class ShipmentOut(serializers.Serializer[Any]):
    status = serializers.ChoiceField(choices=ShipmentStatus.choices)
    carrier = serializers.CharField()
    tracking_number = serializers.CharField()


@extend_schema_serializer(component_name="Invoice")
class InvoiceOut(serializers.Serializer[Any]):
    number = serializers.CharField()
    url = serializers.URLField(help_text="PDF")


@extend_schema_serializer(component_name="CreditNote")
class CreditNoteOut(serializers.Serializer[Any]):
    number = serializers.CharField()
    amount = Money()
    url = serializers.URLField(help_text="PDF")


class ReturnLineOut(serializers.Serializer[Any]):
    sku = serializers.CharField()
    name = serializers.CharField()
    quantity = serializers.IntegerField()


@extend_schema_serializer(component_name="Return")
class ReturnOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    number = serializers.CharField()
    status = serializers.ChoiceField(choices=ReturnStatus.choices)
    reason = serializers.ChoiceField(choices=ReturnReason.choices)
    requested_at = serializers.DateTimeField()
    lines = ReturnLineOut(many=True)
    amount = Money(help_text="refunded for it; decided when it is received")
    carrier = serializers.CharField(help_text="empty if the shopper chooses one")
    tracking_number = serializers.CharField(help_text="empty until a parcel is booked")
    label_url = serializers.URLField(
        allow_null=True, help_text="a PDF; null until it was e-mailed, and once it was used"
    )


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
    tax = Money(allow_null=True, help_text="VAT contained in the total; null if it was not determined")
    lines = OrderLineOut(many=True)
    shipping_method = serializers.ChoiceField(choices=ShippingMethod.choices)
    timeline = TimelineEntry(many=True)
    payment = PaymentOut(allow_null=True)
    shipment = ShipmentOut(allow_null=True)
    invoice = InvoiceOut(allow_null=True, help_text="null until the payment is captured, when the parcel is booked")
    credit_notes = CreditNoteOut(many=True, help_text="of all that was refunded")
    returns = ReturnOut(many=True)
    return_until = serializers.DateTimeField(allow_null=True, help_text="null if nothing can be returned")
    links = Links()


def order_data(view: OrderView, request: HttpRequest) -> dict[str, Any]:
    """An order as `OrderOut` describes it."""
    order, payment, shipment = view.order, view.payment, view.shipment
    return {
        "number": order.number,
        "public_id": order.public_id,
        "status": order.status,
        "total": money(order.total, order.currency),
        "tax": None if view.tax.amount is None else money(view.tax.amount, order.currency),
        "lines": [_line(line, order.currency) for line in view.lines],
        "shipping_method": order.shipping_method,
        "timeline": [{"at": localtime(e.at), "event": e.event, "text": e.text} for e in view.timeline],
        "payment": payment and _payment(payment, request),
        "shipment": shipment and {name: getattr(shipment, name) for name in ("status", "carrier", "tracking_number")},
        "invoice": _invoice(view, request),
        "credit_notes": [_credit_note(view.order, note, request) for note in view.papers.credit_notes],
        "returns": [return_data(each, order, request) for each in view.returns],
        "return_until": view.return_until and localtime(view.return_until),
        "links": {
            "self": request.build_absolute_uri(reverse("api:order", args=[order.public_id])),
            "track": request.build_absolute_uri(reverse("shop:order", args=[order.public_id])),
        },
    }


def _invoice(view: OrderView, request: HttpRequest) -> dict[str, Any] | None:
    invoice = view.papers.invoice
    url = reverse("shop:order_invoice", args=[view.order.public_id])
    return {"number": invoice.number, "url": request.build_absolute_uri(url)} if invoice else None


def _credit_note(order: Order, note: PaperSummary, request: HttpRequest) -> dict[str, Any]:
    url = reverse("shop:order_credit_note", args=[order.public_id, note.number])
    amount = money(note.total, order.currency)
    return {"number": note.number, "amount": amount, "url": request.build_absolute_uri(url)}


def return_data(found: ReturnSummary, order: Order, request: HttpRequest) -> dict[str, Any]:
    """A return as `ReturnOut` describes it."""
    label = reverse("shop:return_label", args=[order.public_id, found.id])
    is_usable = found.has_label and found.status == ReturnStatus.REQUESTED
    return {
        **{name: getattr(found, name) for name in ("id", "number", "status", "reason", "carrier", "tracking_number")},
        "requested_at": localtime(found.requested_at),
        "lines": [{"sku": sku, "name": name, "quantity": quantity} for sku, name, quantity in found.lines],
        "amount": money(found.amount, order.currency),
        "label_url": request.build_absolute_uri(label) if is_usable else None,
    }


def _payment(payment: PaymentSummary, request: HttpRequest) -> dict[str, Any]:
    """The gateway's page, or one of the shop."""
    url = payment.action_url and request.build_absolute_uri(payment.action_url)
    return {"status": payment.status, "attempts": payment.attempts, "action_url": url or None}


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
