"""Order admin: read-only, with lines, timeline and messages."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.db.models import Case, QuerySet, When
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from messaging.hooks import message_pages
from messaging.models import Message, State
from messaging.transitions.failure import short
from orders.amounts.texts import percent
from orders.models import AmountLine, Order, OrderEvent, OrderLine
from orders.money import display
from orders.readonly_admin import ReadOnlyAdmin, ReadOnlyInline
from orders.selectors import search_orders
from orders.timeline import describe

#: On an order's page. A parcel on its way is tracked by many more.
MESSAGES_SHOWN = 50


class LineInline(ReadOnlyInline):
    model = OrderLine
    fields = readonly_fields = ("sku", "name", "quantity", "price", "line_total")

    @admin.display(description=_("unit price"))
    def price(self, line: OrderLine) -> str:
        return display(amount=line.unit_price, currency=line.order.currency)

    @admin.display(description=_("total"))
    def line_total(self, line: OrderLine) -> str:
        return display(amount=line.total, currency=line.order.currency)


class AmountInline(ReadOnlyInline):
    model = AmountLine
    fields = readonly_fields = ("kind", "rate_text", "amount_text", "included_text")

    @admin.display(description=_("rate"))
    def rate_text(self, line: AmountLine) -> str:
        """A dash if the tax was not determined."""
        return "–" if line.rate is None else percent(line.rate)

    @admin.display(description=_("amount"))
    def amount_text(self, line: AmountLine) -> str:
        return display(amount=line.amount, currency=line.order.currency)

    @admin.display(description=_("included in the other lines"))
    def included_text(self, line: AmountLine) -> str:
        """Not a cross, which would mark each price as faulty."""
        return gettext("Yes") if line.is_included else "–"


class EventInline(ReadOnlyInline):
    model = OrderEvent
    fields = readonly_fields = ("at", "kind", "text")

    @admin.display(description=_("description"))
    def text(self, event: OrderEvent) -> str:
        """As on the timeline, after the task that it is about: several of an order may fail in the same words."""
        task = event.data.get("task")
        return f"{task}: {describe(event)}" if task else describe(event)


@dataclass(frozen=True, slots=True)
class OrderPage:
    """An additional page for an order at `/admin/orders/order/<id>/<slug>/`.

    `view` receives the request and `order_id`, and checks permissions itself.
    """

    slug: str
    title: Any
    view: Callable[..., HttpResponse]


@admin.register(Order)
class OrderAdmin(ReadOnlyAdmin):
    """Other apps add inlines, actions and pages by the `register_order_…` functions below."""

    list_display = ("number", "placed_at", "status", "amount", "shipping_method", "source", "name", "email")
    list_filter = ("status", "shipping_method", "source", "placed_at")
    search_fields = ("number",)
    search_help_text = _("Order number or its beginning, or exact e-mail address")
    ordering = ("-placed_at", "-id")
    sortable_by = ("placed_at",)
    fieldsets = (
        (None, {"fields": ("number", "public_id", "status", "placed_at", "amount", "shipping_price_text", "source")}),
        (
            _("Customer"),
            {
                "fields": (
                    "user",
                    "name",
                    "email",
                    "line1",
                    "line2",
                    "postcode",
                    "city",
                    "state",
                    "country",
                    "shipping_method",
                )
            },
        ),
        (_("Messages"), {"fields": ("messages",)}),
    )
    readonly_fields = ("amount", "shipping_price_text", "messages")
    inlines = [LineInline, AmountInline, EventInline]
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

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Order], search_term: str
    ) -> tuple[QuerySet[Order], bool]:
        return (search_orders(queryset, search_term) if search_term.strip() else queryset), False

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        known = self.pages if object_id.isdecimal() else []
        pages = [(reverse(f"admin:orders_order_{page.slug}", args=[object_id]), page.title) for page in known]
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), "pages": pages})

    @admin.display(description=_("total"))
    def amount(self, order: Order) -> str:
        return display(amount=order.total, currency=order.currency)

    @admin.display(description=_("shipping price"))
    def shipping_price_text(self, order: Order) -> str:
        return display(amount=order.shipping_price, currency=order.currency)

    @admin.display(description=_("messages"))
    def messages(self, order: Order) -> str | SafeString:
        """The first messages about the order: dead letters first, then oldest first."""
        is_dead = Case(When(state=State.DEAD, then=0), default=1)
        messages = Message.objects.filter(subject=order.number).order_by(is_dead, "id")[:MESSAGES_SHOWN]
        rows = (
            (_message_link(m), m.get_state_display(), _("failed attempts"), m.attempts, short(m.error_type))
            for m in messages
        )
        return format_html_join("", "<div>{}: {}, {}: {} {}</div>", rows) or "–"


def register_order_inline(inline: type[ReadOnlyInline]) -> None:
    """Show the records of `inline` on the page of their order."""
    OrderAdmin.inlines.append(inline)


def register_order_action(action: Callable[..., Any]) -> None:
    """Offer an action on selected orders; `admin.action` says which permissions it needs."""
    OrderAdmin.actions.append(action)


def register_order_page(*, slug: str, title: Any, view: Callable[..., HttpResponse]) -> None:
    """Add a page at `/admin/orders/order/<id>/<slug>/`, linked from the order. `view` checks permissions itself."""
    OrderAdmin.pages.append(OrderPage(slug=slug, title=title, view=view))


def order_page_links(*, order_id: int) -> SafeString:
    """Links to the additional pages of an order, by their titles."""
    links = ((reverse(f"admin:orders_order_{page.slug}", args=[order_id]), page.title) for page in OrderAdmin.pages)
    return format_html_join(" · ", '<a href="{}">{}</a>', links)


def _message_link(message: Message) -> str | SafeString:
    """The task's name, linked to the message's page where the desk is installed."""
    url = message_pages.url_for(message)
    return format_html('<a href="{}">{}</a>', url, message.task) if url else message.task
