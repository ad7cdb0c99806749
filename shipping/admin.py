"""How does a person in the office look at parcels?"""

from django.contrib import admin
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from orders.admin import OrderAdmin
from orders.records import RecordAdmin, RecordInline, order_link
from shipping.models import CarrierParcel, Shipment


class ShipmentInline(RecordInline):
    model = Shipment
    fields = readonly_fields = ("tracking_number", "carrier", "status", "shipped_at", "delivered_at")
    show_change_link = True


OrderAdmin.inlines = [*OrderAdmin.inlines, ShipmentInline]


@admin.register(Shipment)
class ShipmentAdmin(RecordAdmin):
    list_display = ("shipped_at", "order_number", "status", "carrier", "tracking_number", "delivered_at")
    list_filter = ("status", "carrier", "shipped_at")
    list_select_related = ("order",)
    search_fields = ("=order__number", "=order__email", "=tracking_number")
    search_help_text = _("Order number, e-mail address or tracking number, in full")
    ordering = ("-shipped_at",)
    exclude = ("order",)
    readonly_fields = ("id", "order_number")

    @admin.display(description=_("order"), ordering="order__number")
    def order_number(self, shipment: Shipment) -> SafeString:
        return order_link(shipment.order)


@admin.register(CarrierParcel)
class CarrierParcelAdmin(RecordAdmin):
    list_display = ("booked_at", "tracking_number", "city", "idempotency_key", "cancelled_at")
    search_fields = ("=tracking_number", "=idempotency_key")
    ordering = ("-booked_at",)
