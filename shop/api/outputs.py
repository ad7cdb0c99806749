"""Response serializers of the API. Clients rely on every name here."""

from typing import Any, Never

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse
from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from messaging.circuit_desk import CircuitRow
from messaging.masking import mask, mask_text
from messaging.models import BulkState, FailureGroup, GroupState, ItemOutcome, Message, State, Verdict
from messaging.queues import QueueRow
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
    amount = serializers.IntegerField(help_text="minor units")
    currency = serializers.CharField(help_text="ISO 4217")
    display = serializers.CharField()


@extend_schema_serializer(component_name="Product")
class ProductOut(serializers.Serializer[Product]):
    sku = serializers.CharField()
    name = serializers.CharField()
    slug = serializers.CharField()
    price = serializers.SerializerMethodField()
    stock = serializers.IntegerField()
    category = serializers.SerializerMethodField(help_text="the category's slug")
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
        return OrderLineOut(view.order.lines.all(), many=True, context={"currency": view.order.currency}).data

    @extend_schema_field(Links)
    def get_links(self, view: OrderView) -> dict[str, str]:
        request: HttpRequest = self.context["request"]
        public_id = view.order.public_id
        return {
            "self": request.build_absolute_uri(reverse("api:order", args=[public_id])),
            "track": request.build_absolute_uri(reverse("shop:order", args=[public_id])),
        }


@extend_schema_serializer(component_name="Error")
class ErrorOut(serializers.Serializer[Never]):
    type = serializers.CharField()
    message = serializers.CharField(allow_blank=True)


@extend_schema_serializer(component_name="FailedTask")
class FailedTaskOut(serializers.Serializer[Message]):
    id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=State.choices)
    task = serializers.CharField()
    queue = serializers.CharField()
    routing_key = serializers.CharField()
    priority = serializers.IntegerField()
    subject = serializers.CharField(allow_blank=True)
    error = serializers.SerializerMethodField()
    attempts = serializers.IntegerField()
    failed_at = serializers.DateTimeField(source="finished_at", allow_null=True)
    group = serializers.CharField(source="fingerprint", allow_blank=True)
    payload = serializers.SerializerMethodField(help_text="personal data is masked; `reveal` shows it")

    @extend_schema_field(ErrorOut)
    def get_error(self, message: Message) -> dict[str, str]:
        return {"type": message.error_type, "message": mask_text(message.error_message)}

    @extend_schema_field(serializers.JSONField())
    def get_payload(self, message: Message) -> Any:
        return mask(message.payload)


@extend_schema_serializer(component_name="RevealedPayload")
class RevealedOut(serializers.Serializer[Never]):
    payload = serializers.JSONField()


@extend_schema_serializer(component_name="FailureGroup")
class FailureGroupOut(serializers.Serializer[FailureGroup]):
    id = serializers.CharField(source="fingerprint")
    state = serializers.ChoiceField(choices=GroupState.choices)
    task = serializers.CharField(allow_blank=True)
    queue = serializers.CharField(allow_blank=True)
    error = serializers.SerializerMethodField()
    dead = serializers.IntegerField(source="dead_count")
    failures = serializers.IntegerField(help_text="of all time")
    first_seen = serializers.DateTimeField()
    last_seen = serializers.DateTimeField()
    note = serializers.CharField(allow_blank=True)
    runbook = serializers.CharField(allow_blank=True)

    @extend_schema_field(ErrorOut)
    def get_error(self, group: FailureGroup) -> dict[str, str]:
        return {"type": group.error_type, "message": mask_text(group.error_message)}


@extend_schema_serializer(component_name="BulkRetry")
class BulkRetryOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=BulkState.choices)
    chosen = serializers.DictField(help_text="the filters, or the number of ids")
    actor = serializers.CharField()
    reason = serializers.CharField(allow_blank=True)
    rate = serializers.IntegerField(help_text="messages a second, at most")
    canary = serializers.IntegerField()
    stop_ratio = serializers.FloatField()
    will_go = serializers.IntegerField()
    skipped = serializers.DictField(child=serializers.IntegerField(), help_text="how many, by reason")
    waiting = serializers.IntegerField()
    sent = serializers.IntegerField(help_text="sent again, and not ended yet")
    succeeded = serializers.IntegerField()
    failed_again = serializers.IntegerField()
    cancelled = serializers.IntegerField()
    percent = serializers.IntegerField(help_text="ended, of those that will go")
    seconds_left = serializers.IntegerField(allow_null=True, help_text="until all are sent")
    why_stopped = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    warnings = serializers.ListField(
        child=serializers.CharField(), required=False, help_text="what holds it up, such as a paused queue"
    )


@extend_schema_serializer(component_name="BulkItem")
class BulkItemOut(serializers.Serializer[Any]):
    position = serializers.IntegerField()
    message_id = serializers.UUIDField()
    task = serializers.CharField(allow_blank=True)
    queue = serializers.CharField()
    subject = serializers.CharField(allow_blank=True)
    verdict = serializers.ChoiceField(choices=Verdict.choices)
    reason = serializers.CharField(allow_blank=True)
    detail = serializers.CharField(allow_blank=True)
    outcome = serializers.ChoiceField(choices=ItemOutcome.choices)
    at = serializers.DateTimeField()
    error_type = serializers.CharField(allow_blank=True)


@extend_schema_serializer(component_name="Queue")
class QueueOut(serializers.Serializer[QueueRow]):
    name = serializers.CharField()
    depth = serializers.IntegerField(allow_null=True, help_text="null while the broker does not answer")
    consumers = serializers.IntegerField(allow_null=True, help_text="null while the broker does not answer")
    oldest_seconds = serializers.FloatField(allow_null=True)
    dead = serializers.IntegerField()
    paused = serializers.BooleanField()


@extend_schema_serializer(component_name="Circuit")
class CircuitOut(serializers.Serializer[CircuitRow]):
    name = serializers.CharField()
    state = serializers.ChoiceField(choices=["closed", "open", "half_open"])
    since = serializers.DateTimeField(allow_null=True, help_text="when it went down, or came back")
    waiting = serializers.IntegerField(help_text="messages that wait for the system to answer again")
    probe_at = serializers.DateTimeField(allow_null=True, help_text="when one message tries next")
    last_error = serializers.CharField(allow_blank=True)


@extend_schema_serializer(component_name="Token")
class TokenOut(serializers.Serializer[Any]):
    token = serializers.CharField()
    expiry = serializers.DateTimeField()


@extend_schema_serializer(component_name="Problem")
class ProblemOut(serializers.Serializer[Never]):
    """A problem document (RFC 9457)."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    errors = serializers.DictField(  # type: ignore[assignment]
        child=serializers.ListField(child=serializers.CharField())
    )
