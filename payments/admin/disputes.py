"""Admin pages of disputes: the list with the nearest deadline first, and the form that marks one as answered."""

from typing import Any

from django.contrib import admin
from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.urls import path
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from orders.admin import order_page_links
from orders.money import display
from orders.readonly_admin import ReadOnlyAdmin, admin_link, order_link
from orders.selectors import search_by_order
from payments.admin.dispute_answer import dispute_answer_page
from payments.models import Dispute, DisputeQuerySet, GatewayDispute, Payment


class DecisionFilter(admin.SimpleListFilter):
    """Undecided disputes by default, which an index keeps in the order of their deadlines."""

    title = _("decision")
    parameter_name = "decided"
    ALL = "all"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(self.ALL, _("All, newest first"))]

    def choices(self, changelist: Any) -> Any:
        yield {
            "selected": self.value() is None,
            "query_string": changelist.get_query_string(remove=[self.parameter_name]),
            "display": _("Undecided, nearest deadline first"),
        }
        yield from list(super().choices(changelist))[1:]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Dispute]) -> QuerySet[Dispute]:
        assert isinstance(queryset, DisputeQuerySet)  # noqa: S101 - narrows the type
        return queryset if self.value() == self.ALL else queryset.undecided()


@admin.register(Dispute)
class DisputeAdmin(ReadOnlyAdmin):
    list_display = (
        *("evidence_due_at", "gateway_id", "order_number", "order_pages", "status", "kind", "money", "reason"),
        *("answered_at", "opened_at"),
    )
    list_display_links = ("gateway_id",)
    list_filter = (DecisionFilter, "status")
    list_select_related = ("payment__order",)
    search_fields = ("gateway_id",)
    search_help_text = _("Exact order number, e-mail address or gateway ID")
    sortable_by = ()
    exclude = ("payment", "amount", "currency", "is_inquiry", "is_withdrawn")
    readonly_fields = ("order_number", "order_pages", "payment_link", "kind", "money", "funds", "compared_at")

    def get_ordering(self, request: HttpRequest) -> Any:
        if request.GET.get(DecisionFilter.parameter_name) == DecisionFilter.ALL:
            return ("-opened_at", "-id")
        return (F("evidence_due_at").asc(nulls_last=True), "id")

    def get_urls(self) -> list[Any]:
        page = self.admin_site.admin_view(dispute_answer_page)
        return [path("<int:dispute_id>/answer/", page, name="payments_dispute_answer"), *super().get_urls()]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Dispute], search_term: str
    ) -> tuple[QuerySet[Dispute], bool]:
        return search_by_order(queryset, search_term, order="payment__order", otherwise="gateway_id"), False

    @admin.display(description=_("order"))
    def order_number(self, dispute: Dispute) -> SafeString:
        return order_link(dispute.payment.order)

    @admin.display(description=_("pages"))
    def order_pages(self, dispute: Dispute) -> SafeString:
        return order_page_links(order_id=dispute.payment.order_id)

    @admin.display(description=Payment._meta.verbose_name)
    def payment_link(self, dispute: Dispute) -> SafeString:
        return admin_link(dispute.payment, dispute.payment.gateway_reference or dispute.payment.pk)

    @admin.display(description=_("amount"))
    def money(self, dispute: Dispute) -> str:
        return display(amount=dispute.amount, currency=dispute.currency)

    @admin.display(description=_("kind"))
    def kind(self, dispute: Dispute) -> str:
        return str(_("Inquiry") if dispute.is_inquiry else _("Dispute"))

    @admin.display(description=_("funds"))
    def funds(self, dispute: Dispute) -> str:
        return str(_("Taken from the shop's balance") if dispute.is_withdrawn else _("Not taken"))


@admin.register(GatewayDispute)
class GatewayDisputeAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "reference", "status", "amount", "charge")
    list_select_related = ("charge",)
    search_fields = ("reference__exact",)
    ordering = ("-id",)
    sortable_by = ()
