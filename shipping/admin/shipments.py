"""Read-only admin pages of shipments and the carriers' records."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from orders.admin import register_order_inline
from orders.money import display
from orders.readonly_admin import ReadOnlyAdmin, ReadOnlyInline, admin_link, order_link
from orders.selectors import search_by_order
from shipping.admin.printing import download, print_labels, print_packing_slips
from shipping.carriers import carriers
from shipping.models import CarrierParcel, ParcelEvent, Shipment, ShipmentDocument, ShipmentQuerySet


class ShipmentInline(ReadOnlyInline):
    """All parcels of the order, newest first."""

    model = Shipment
    fk_name = "order"
    fields = readonly_fields = ("link", "carrier", "status", "shipped_at", "delivered_at", "documents")
    ordering = ("-shipped_at",)

    @admin.display(description=_("parcel"))
    def link(self, shipment: Shipment) -> SafeString:
        return admin_link(shipment, shipment.tracking_number)

    @admin.display(description=_("documents"))
    def documents(self, shipment: Shipment) -> SafeString:
        return _document_links(shipment)


register_order_inline(ShipmentInline)


class ParcelEventInline(ReadOnlyInline):
    model = ParcelEvent
    fields = readonly_fields = ("at", "code", "place", "text", "received_at")


class NeedsAttentionFilter(admin.SimpleListFilter):
    title = _("needs attention")
    parameter_name = "needs_attention"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("yes", _("Lost or returned, and not yet handled")),
            ("found", _("Found after replacement, refund or restocking")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Shipment]) -> QuerySet[Shipment]:
        assert isinstance(queryset, ShipmentQuerySet)  # noqa: S101 - narrows the type
        wanted = {"yes": queryset.needing_attention, "found": queryset.found_late}.get(self.value() or "")
        return wanted() if wanted else queryset


class CarrierFilter(admin.SimpleListFilter):
    """The configured carriers."""

    title = _("carrier")
    parameter_name = "carrier"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(each.name, each.name) for each in carriers()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Shipment]) -> QuerySet[Shipment]:
        return queryset.filter(carrier=self.value()) if self.value() else queryset


@admin.register(Shipment)
class ShipmentAdmin(ReadOnlyAdmin):
    list_display = ("shipped_at", "order_number", "status", "carrier", "tracking_number", "due", "delivered_at")
    list_filter = (NeedsAttentionFilter, "status", CarrierFilter, "shipped_at")
    list_select_related = ("order",)
    search_fields = ("tracking_number",)
    search_help_text = _("Exact order number, e-mail address or tracking number")
    ordering = ("-shipped_at", "-id")
    sortable_by = ("shipped_at",)
    exclude = ("order", "cost", "currency", "due_from", "due_until")
    readonly_fields = ("identifier", "order_number", "current", "due", "price", "documents")
    inlines = (ParcelEventInline,)
    actions = (print_labels, print_packing_slips)

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(download)
        return [
            path("<uuid:shipment_id>/<slug:kind>.pdf", page, name="shipping_shipment_document"),
            *super().get_urls(),
        ]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Shipment], search_term: str
    ) -> tuple[QuerySet[Shipment], bool]:
        return search_by_order(queryset, search_term, order="order", otherwise="tracking_number"), False

    @admin.display(description=_("order"))
    def order_number(self, shipment: Shipment) -> SafeString:
        return order_link(shipment.order)

    @admin.display(description=_("shipment ID"))
    def identifier(self, shipment: Shipment) -> str:
        return str(shipment.pk)

    @admin.display(description=_("current parcel of its order"))
    def current(self, shipment: Shipment) -> str:
        return gettext("Yes") if shipment.current_for_id else "–"

    @admin.display(description=_("due"))
    def due(self, shipment: Shipment) -> str:
        days = (shipment.due_from, shipment.due_until)
        return " – ".join(day.isoformat() for day in days if day) or "–"

    @admin.display(description=_("carrier's price"))
    def price(self, shipment: Shipment) -> str:
        return "–" if shipment.cost is None else display(amount=shipment.cost, currency=shipment.currency)

    @admin.display(description=_("documents"))
    def documents(self, shipment: Shipment) -> SafeString:
        return _document_links(shipment)


@admin.register(CarrierParcel)
class CarrierParcelAdmin(ReadOnlyAdmin):
    list_display = ("booked_at", "carrier", "tracking_number", "city", "idempotency_key", "cancelled_at")
    search_fields = ("tracking_number__exact", "idempotency_key__exact")
    ordering = ("-id",)
    sortable_by = ()


def _document_links(shipment: Shipment) -> SafeString:
    links = (
        (reverse("admin:shipping_shipment_document", args=[shipment.pk, kind]), label)
        for kind, label in ShipmentDocument.Kind.choices
    )
    return format_html_join(" · ", '<a href="{}">{}</a>', links)
