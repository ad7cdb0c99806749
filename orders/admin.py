"""How does a person in the office look at orders?"""

from django.contrib import admin
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from messaging.models import Message
from orders.models import Order, OrderEvent, OrderLine
from orders.money import display
from orders.records import RecordAdmin, RecordInline, record_link
from orders.selectors import describe


class LineInline(RecordInline):
    model = OrderLine
    fields = readonly_fields = ("sku", "name", "quantity", "price", "sum")

    @admin.display(description=_("unit price"))
    def price(self, line: OrderLine) -> str:
        return display(amount=line.unit_price, currency=line.order.currency)

    @admin.display(description=_("total"))
    def sum(self, line: OrderLine) -> str:
        return display(amount=line.total, currency=line.order.currency)


class EventInline(RecordInline):
    model = OrderEvent
    fields = readonly_fields = ("at", "kind", "text")

    @admin.display(description=_("what happened"))
    def text(self, event: OrderEvent) -> str:
        return describe(event)


@admin.register(Order)
class OrderAdmin(RecordAdmin):
    """Apps that belong to an order's life add their inlines to `inlines`."""

    list_display = ("number", "placed_at", "status", "amount", "shipping_method", "source", "name", "email")
    list_filter = ("status", "shipping_method", "source", "placed_at")
    search_fields = ("=number", "=public_id", "=email")
    search_help_text = _("Order number or e-mail address, in full")
    ordering = ("-placed_at", "-id")
    fieldsets = (
        (None, {"fields": ("number", "public_id", "status", "placed_at", "amount", "shipping_price_text", "source")}),
        (
            _("Shopper"),
            {"fields": ("user", "name", "email", "line1", "postcode", "city", "country", "shipping_method")},
        ),
        (_("Messages"), {"fields": ("messages",)}),
    )
    readonly_fields = ("amount", "shipping_price_text", "messages")
    inlines = [LineInline, EventInline]

    @admin.display(description=_("total"), ordering="total")
    def amount(self, order: Order) -> str:
        return display(amount=order.total, currency=order.currency)

    @admin.display(description=_("of which shipping"))
    def shipping_price_text(self, order: Order) -> str:
        return display(amount=order.shipping_price, currency=order.currency)

    @admin.display(description=_("messages"))
    def messages(self, order: Order) -> str | SafeString:
        """All that was sent on behalf of the order, oldest first."""
        messages = Message.objects.filter(subject=order.number).order_by("id")[:50]
        rows = ((record_link(m, m.task), m.get_state_display(), m.attempts, m.error_type) for m in messages)
        return format_html_join("", "<div>{}: {}, failed attempts: {} {}</div>", rows) or "–"
