"""Which parcels, and which records of carriers, does the office see?"""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from orders.admin import register_order_inline
from orders.money import display
from orders.records import RecordAdmin, RecordInline, order_link, record_link
from shipping.admin.printing import paper, print_labels, print_packing_slips
from shipping.models import CarrierParcel, ParcelEvent, Shipment, ShipmentPaper, ShipmentQuerySet


class ShipmentInline(RecordInline):
    """All parcels of the order; the newest is the one that counts."""

    model = Shipment
    fk_name = "order"
    fields = readonly_fields = ("link", "carrier", "status", "shipped_at", "delivered_at", "papers")
    ordering = ("-shipped_at",)

    @admin.display(description=_("parcel"))
    def link(self, shipment: Shipment) -> SafeString:
        return record_link(shipment, shipment.tracking_number)

    @admin.display(description=_("papers"))
    def papers(self, shipment: Shipment) -> SafeString:
        return _paper_links(shipment)


register_order_inline(ShipmentInline)


class EventInline(RecordInline):
    model = ParcelEvent
    fields = readonly_fields = ("at", "code", "place", "text", "heard_at")


class WaitsFilter(admin.SimpleListFilter):
    title = _("waits for a person")
    parameter_name = "waits"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("Lost or came back, and nothing was done yet"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Shipment]) -> QuerySet[Shipment]:
        assert isinstance(queryset, ShipmentQuerySet)  # noqa: S101 - the model's own
        return queryset.waiting_for_a_person() if self.value() == "yes" else queryset


@admin.register(Shipment)
class ShipmentAdmin(RecordAdmin):
    list_display = ("shipped_at", "order_number", "status", "carrier", "tracking_number", "due_until", "delivered_at")
    list_filter = (WaitsFilter, "status", "carrier", "shipped_at")
    list_select_related = ("order",)
    search_fields = ("=order__number", "=order__email", "=tracking_number")
    search_help_text = _("Order number, e-mail address or tracking number, in full")
    ordering = ("-shipped_at",)
    exclude = ("order", "cost", "currency", "label")
    readonly_fields = ("id", "order_number", "counts", "money", "papers")
    inlines = (EventInline,)
    actions = (print_labels, print_packing_slips)

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(paper)
        return [path("<uuid:shipment_id>/<slug:kind>.pdf", page, name="shipping_shipment_paper"), *super().get_urls()]

    @admin.display(description=_("order"), ordering="order__number")
    def order_number(self, shipment: Shipment) -> SafeString:
        return order_link(shipment.order)

    @admin.display(description=_("counts for its order"), boolean=True)
    def counts(self, shipment: Shipment) -> bool:
        return shipment.current_for_id is not None

    @admin.display(description=_("what the carrier wants for it"))
    def money(self, shipment: Shipment) -> str:
        return "–" if shipment.cost is None else display(amount=shipment.cost, currency=shipment.currency)

    @admin.display(description=_("papers"))
    def papers(self, shipment: Shipment) -> SafeString:
        return _paper_links(shipment)


@admin.register(CarrierParcel)
class CarrierParcelAdmin(RecordAdmin):
    list_display = ("booked_at", "carrier", "tracking_number", "city", "idempotency_key", "cancelled_at")
    list_filter = ("carrier", "booked_at")
    search_fields = ("=tracking_number", "=idempotency_key")
    ordering = ("-booked_at",)


def _paper_links(shipment: Shipment) -> SafeString:
    links = (
        (reverse("admin:shipping_shipment_paper", args=[shipment.pk, kind]), label)
        for kind, label in ShipmentPaper.Kind.choices
    )
    return format_html_join(" · ", '<a href="{}">{}</a>', links)
