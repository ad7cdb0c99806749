"""Lists of invoices and credit notes, read only, and their printing as one PDF."""

from datetime import date
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from orders.admin import register_order_action
from orders.models import Order
from orders.readonly_admin import ReadOnlyAdmin, order_link
from shop.invoices.frozen import last_day_kept
from shop.invoices.printing import MAX_AT_ONCE, NothingToPrint, combined_invoices, combined_pdf, pdf_of
from shop.invoices.responses import pdf_response
from shop.models import CreditNote, Invoice, NumberSeries


@admin.action(description=_("Print invoices (one PDF)"), permissions=["view"])
def print_invoices(model_admin: Any, request: HttpRequest, chosen: QuerySet[Order]) -> HttpResponse | None:
    """Prints the oldest first."""
    orders = list(chosen.order_by("placed_at")[: MAX_AT_ONCE + 1])
    try:
        return pdf_response(combined_invoices(orders=orders), name=f"invoices-{len(orders)}")
    except NothingToPrint as error:
        messages.warning(request, str(error))
        return None


register_order_action(print_invoices)


@admin.action(description=_("Print as one PDF"), permissions=["view"])
def print_papers(model_admin: Any, request: HttpRequest, chosen: QuerySet[Any]) -> HttpResponse | None:
    """Prints the oldest first."""
    papers = list(chosen.defer("pdf").order_by("pk")[: MAX_AT_ONCE + 1])
    try:
        return pdf_response(combined_pdf(papers), name=f"{chosen.model._meta.model_name}s-{len(papers)}")
    except NothingToPrint as error:
        messages.warning(request, str(error))
        return None


class YearFilter(admin.SimpleListFilter):
    """The years that have a series: reading them from the papers would read the whole table."""

    title = _("year")
    parameter_name = "year"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        years = set(NumberSeries.objects.values_list("year", flat=True))
        return [(str(year), str(year)) for year in sorted(years, reverse=True)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        known = {value for value, _text in self.lookup_choices}
        return queryset.filter(year=self.value()) if self.value() in known else queryset


class PaperAdmin(ReadOnlyAdmin):
    """Also of erased orders: this is where staff see what the law has the shop keep."""

    list_display = ("number", "issued_on", "order_page", "gross_amount", "tax_amount", "kept_to", "file")
    list_select_related = ("order",)
    list_filter = (YearFilter,)
    search_fields = ("number",)
    search_help_text = _("Exact number")
    sortable_by = ()
    ordering = ("-id",)
    actions = (print_papers,)
    exclude = ("pdf", "data", "total", "tax", "currency", "kept_until")
    readonly_fields = ("gross_amount", "tax_amount", "kept_to")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("pdf", "data")

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        text = search_term.strip().upper()
        return (queryset.filter(number=text) if text else queryset), False

    def get_urls(self) -> list[URLPattern]:
        opts = self.model._meta
        view = self.admin_site.admin_view(self.download)
        return [
            path("<int:key>/pdf/", view, name=f"{opts.app_label}_{opts.model_name}_pdf"),
            *super().get_urls(),
        ]

    def download(self, request: HttpRequest, key: int) -> HttpResponse:
        if not self.has_view_permission(request):
            raise Http404
        paper = self.model._default_manager.defer("pdf").filter(pk=key).first()
        if paper is None:
            raise Http404
        return pdf_response(pdf_of(paper), name=f"{self.model._meta.model_name}-{paper.number}")

    @admin.display(description=_("kept until"))
    def kept_to(self, paper: Invoice | CreditNote) -> date:
        return last_day_kept(paper)

    @admin.display(description=_("order"))
    def order_page(self, paper: Invoice | CreditNote) -> SafeString:
        return order_link(paper.order)

    @admin.display(description=_("amount"))
    def gross_amount(self, paper: Invoice | CreditNote) -> str:
        return paper.amount

    @admin.display(description=_("VAT"))
    def tax_amount(self, paper: Invoice | CreditNote) -> str:
        return paper.tax_text

    @admin.display(description=_("file"))
    def file(self, paper: Invoice | CreditNote) -> SafeString:
        opts = paper._meta
        url = reverse(f"admin:{opts.app_label}_{opts.model_name}_pdf", args=[paper.pk])
        return format_html('<a href="{}">PDF</a>', url)


admin.site.register(Invoice, PaperAdmin)
admin.site.register(CreditNote, PaperAdmin)
