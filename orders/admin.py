"""Admin of orders, and the registry by which other apps add inlines, actions and pages to it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from messaging.models import Message, State
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


@dataclass(frozen=True, slots=True)
class OrderPage:
    """A further page of an order. `view` gets the request and `order_id`."""

    slug: str
    title: Any
    view: Callable[..., HttpResponse]


@admin.register(Order)
class OrderAdmin(RecordAdmin):
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
    # Other apps add to these three, by the functions below only.
    inlines = [LineInline, EventInline]
    actions: list[Any] = []
    pages: list[OrderPage] = []
    change_form_template = "admin/orders/order/change_form.html"

    def get_urls(self) -> list[URLPattern]:
        own = [
            path(
                f"<int:order_id>/{page.slug}/", self.admin_site.admin_view(page.view), name=f"orders_order_{page.slug}"
            )
            for page in self.pages
        ]
        return [*own, *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        known = self.pages if object_id.isdecimal() else []
        pages = [(reverse(f"admin:orders_order_{page.slug}", args=[object_id]), page.title) for page in known]
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), "pages": pages})

    @admin.display(description=_("total"), ordering="total")
    def amount(self, order: Order) -> str:
        return display(amount=order.total, currency=order.currency)

    @admin.display(description=_("of which shipping"))
    def shipping_price_text(self, order: Order) -> str:
        return display(amount=order.shipping_price, currency=order.currency)

    @admin.display(description=_("messages"))
    def messages(self, order: Order) -> str | SafeString:
        """All that was sent on behalf of the order: what failed for good first, then the oldest."""
        messages = list(Message.objects.filter(subject=order.number).order_by("id")[:50])
        messages.sort(key=lambda message: message.state != State.DEAD)
        rows = (
            (_message_link(m), m.get_state_display(), _("failed attempts"), m.attempts, m.error_type) for m in messages
        )
        return format_html_join("", "<div>{}: {}, {}: {} {}</div>", rows) or "–"


def register_order_inline(inline: type[RecordInline]) -> None:
    """Show the records of `inline` on the page of their order."""
    OrderAdmin.inlines.append(inline)


def register_order_action(action: Callable[..., Any]) -> None:
    """Offer an action on selected orders; `admin.action` says which permissions it needs."""
    OrderAdmin.actions.append(action)


def register_order_page(*, slug: str, title: Any, view: Callable[..., HttpResponse]) -> None:
    """Add a page at `/admin/orders/order/<id>/<slug>/`, linked from the order. `view` checks permissions itself."""
    OrderAdmin.pages.append(OrderPage(slug=slug, title=title, view=view))


def _message_link(message: Message) -> SafeString:
    """What is dead leads to the page on which something can be done about it."""
    if message.state != State.DEAD:
        return record_link(message, message.task)
    return format_html(
        '<a href="{}">{}</a>', reverse("admin:operations_failedtask_change", args=[message.pk]), message.task
    )
