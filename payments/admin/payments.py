"""Read-only admin pages of payments, refunds and the gateway's records."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from messaging import clock
from orders.admin import register_order_inline
from orders.money import display
from orders.readonly_admin import ReadOnlyAdmin, ReadOnlyInline, admin_link, order_link
from orders.selectors import search_by_order
from payments import selectors
from payments.admin.refund_decision import refund_decision_page
from payments.admin.refund_page import refund_page
from payments.admin.write_off_page import write_off_page
from payments.models import GatewayCharge, GatewayEvent, GatewayRefund, Payment, Refund


class PaymentInline(ReadOnlyInline):
    model = Payment
    fields = readonly_fields = (
        "link",
        "status",
        "method",
        "failure_code",
        "gateway_reference",
        "authorised_at",
        "captured_at",
        "refund",
    )

    @admin.display(description=_("payment"))
    def link(self, payment: Payment) -> SafeString:
        return admin_link(payment, clock.text(payment.created_at))

    @admin.display(description=_("refund"))
    def refund(self, payment: Payment) -> str | SafeString:
        if not payment.pays:
            return "–"
        if selectors.can_write_off(payment=payment):
            url = reverse("admin:payments_payment_write_off", args=[payment.pk])
            return format_html('<a href="{}">{}</a>', url, _("Write off…"))
        url = reverse("admin:payments_payment_refund", args=[payment.pk])
        return format_html('<a href="{}">{}</a>', url, _("Refund…"))


register_order_inline(PaymentInline)


class RefundInline(ReadOnlyInline):
    model = Refund
    fk_name = "payment"
    fields = readonly_fields = ("link", "money", "status", "failure_code", "source", "gateway_reference")

    @admin.display(description=_("refund"))
    def link(self, refund: Refund) -> SafeString:
        return admin_link(refund, clock.text(refund.created_at))

    @admin.display(description=_("amount"))
    def money(self, refund: Refund) -> str:
        return display(amount=refund.amount, currency=refund.payment.currency)


class _WithOrder(ReadOnlyAdmin):
    @admin.display(description=_("order"))
    def order_number(self, payment: Payment) -> SafeString:
        return order_link(payment.order)

    @admin.display(description=_("amount"))
    def money(self, record: Any) -> str:
        return display(amount=record.amount, currency=record.currency)


@admin.register(Payment)
class PaymentAdmin(_WithOrder):
    list_display = ("created_at", "order_number", "status", "money", "method", "failure_code", "gateway_reference")
    list_filter = ("status", "created_at")
    list_select_related = ("order",)
    search_fields = ("gateway_reference",)
    search_help_text = _("Exact order number, e-mail address or gateway reference")
    ordering = ("-created_at", "-id")
    sortable_by = ("created_at",)
    exclude = ("order", "amount", "currency")
    readonly_fields = ("identifier", "order_number", "money", "message_id")
    inlines = (RefundInline,)

    @admin.display(description=_("payment ID"))
    def identifier(self, payment: Payment) -> str:
        return str(payment.pk)

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        can_write_off = selectors.can_write_off(payment=context["original"])
        return super().render_change_form(request, context | {"can_write_off": can_write_off}, *args, **kwargs)

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view
        return [
            path("<uuid:payment_id>/refund/", view(refund_page), name="payments_payment_refund"),
            path("<uuid:payment_id>/write-off/", view(write_off_page), name="payments_payment_write_off"),
            *super().get_urls(),
        ]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Payment], search_term: str
    ) -> tuple[QuerySet[Payment], bool]:
        return search_by_order(queryset, search_term, order="order", otherwise="gateway_reference"), False


@admin.register(Refund)
class RefundAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "order_number", "status", "money", "failure_code", "source", "gateway_reference")
    list_filter = ("status", "created_at")
    list_select_related = ("payment__order",)
    search_fields = ("gateway_reference",)
    search_help_text = _("Exact order number, e-mail address or gateway reference")
    ordering = ("-created_at", "-id")
    sortable_by = ("created_at",)
    exclude = ("amount",)
    readonly_fields = ("order_number", "money")

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        return super().render_change_form(
            request, context | {"amount": self.money(context["original"])}, *args, **kwargs
        )

    def get_urls(self) -> list[Any]:
        page = self.admin_site.admin_view(refund_decision_page)
        return [path("<uuid:refund_id>/decide/", page, name="payments_refund_decide"), *super().get_urls()]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Refund], search_term: str
    ) -> tuple[QuerySet[Refund], bool]:
        return search_by_order(queryset, search_term, order="payment__order", otherwise="gateway_reference"), False

    @admin.display(description=_("order"))
    def order_number(self, refund: Refund) -> SafeString:
        return order_link(refund.payment.order)

    @admin.display(description=_("amount"))
    def money(self, refund: Refund) -> str:
        return display(amount=refund.amount, currency=refund.payment.currency)


@admin.register(GatewayCharge)
class GatewayChargeAdmin(_WithOrder):
    list_display = ("created_at", "reference", "money", "method", "idempotency_key")
    search_fields = ("reference__exact", "idempotency_key__exact")
    ordering = ("-id",)
    sortable_by = ()


@admin.register(GatewayRefund)
class GatewayRefundAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "reference", "amount", "status", "charge", "idempotency_key", "repeat")
    list_select_related = ("charge",)
    search_fields = ("reference__exact", "idempotency_key__exact")
    ordering = ("-id",)
    sortable_by = ()


@admin.register(GatewayEvent)
class GatewayEventAdmin(ReadOnlyAdmin):
    list_display = ("received_at", "kind", "key", "event_id")
    search_fields = ("event_id",)
    search_help_text = _("Exact event ID or payment ID")
    ordering = ("-id",)
    sortable_by = ()

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[GatewayEvent], search_term: str
    ) -> tuple[QuerySet[GatewayEvent], bool]:
        text = search_term.strip()
        if not text:
            return queryset, False
        try:
            return queryset.filter(key=UUID(text)), False
        except ValueError:
            return queryset.filter(event_id=text), False
