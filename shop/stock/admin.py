"""Admin of stock movements, and the low stock page, which restocks several products at once."""

from typing import Any, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from messaging import clock
from orders.readonly_admin import ReadOnlyAdmin, admin_link
from shop.models import LowStock, Product, StockMovement, User
from shop.stock import selectors
from shop.stock.forms import MAX_PIECES, parse_number, parse_pieces
from shop.stock.stockroom import RESTOCK, StalePage, StockroomRefusal, receive_goods
from shop.stock.views import VIEW

_FIELD = "pieces-"


@admin.register(StockMovement)
class StockMovementAdmin(ReadOnlyAdmin):
    list_display = ("time", "product_link", "quantity", "reason", "reference", "note")
    list_filter = ("reason",)
    list_select_related = ("product",)
    search_fields = ("reference",)
    search_help_text = gettext_lazy("Exact SKU, order number or user name")
    ordering = ("-id",)
    sortable_by = ()

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[StockMovement], search_term: str
    ) -> tuple[QuerySet[StockMovement], bool]:
        return selectors.search_movements(queryset, search_term), False

    @admin.display(description=gettext_lazy("time"))
    def time(self, movement: StockMovement) -> str:
        return clock.text(movement.at)

    @admin.display(description=gettext_lazy("product"))
    def product_link(self, movement: StockMovement) -> SafeString:
        return admin_link(movement.product, movement.product.sku)


class _LowStockPaginator(Paginator):  # type: ignore[type-arg]
    @cached_property
    def count(self) -> int:
        """Leaves out the join with sales, which costs more than the page and does not affect the count."""
        return Product.objects.running_low().count()


@admin.register(LowStock)
class LowStockAdmin(ReadOnlyAdmin):
    """`/admin/shop/lowstock/`: products that run out first, each with a field for pieces received."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(VIEW)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method == "POST" and self._restocked(request):
            return redirect(request.get_full_path())
        return TemplateResponse(request, "admin/shop/lowstock/page.html", self._context(request))

    def _restocked(self, request: HttpRequest) -> bool:
        """Whether anything was added; otherwise a message explains why not."""
        typed = {name[len(_FIELD) :]: text for name, text in request.POST.items() if name.startswith(_FIELD) and text}
        parsed = {parse_number(pk): parse_pieces(str(text)) for pk, text in typed.items()}
        quantities = {pk: pieces for pk, pieces in parsed.items() if pk and pieces}
        if not quantities or len(quantities) < len(typed):
            text = _("Enter the number of pieces received, from 1 to 1,000,000. Nothing was changed.")
            self.message_user(request, text, messages.ERROR)
            return False
        return self._received(request, quantities)

    def _received(self, request: HttpRequest, quantities: dict[int, int]) -> bool:
        seen = parse_number(request.POST.get("seen", ""))
        try:
            products = receive_goods(quantities=quantities, by=cast(User, request.user), seen=seen)
        except StockroomRefusal as error:
            if isinstance(error, StalePage) and error.is_repeat:
                self.message_user(request, str(error), messages.INFO)
                return True
            self.message_user(request, str(error), messages.ERROR)
            return False
        count = len(products)
        text = ngettext("%(count)s product restocked.", "%(count)s products restocked.", count)
        self.message_user(request, text % {"count": count}, messages.SUCCESS)
        return True

    def _context(self, request: HttpRequest) -> dict[str, Any]:
        """Reads the newest movement before the stock, so that a change in between is rejected, not counted twice."""
        seen = selectors.newest_movement_id()
        products = _LowStockPaginator(selectors.low_stock(now=timezone.now()), self.list_per_page)
        page = products.get_page(request.GET.get("p"))
        return {
            **self.admin_site.each_context(request),
            "title": _("Low stock"),
            "opts": self.opts,
            "page": page,
            "rows": [(product, request.POST.get(f"{_FIELD}{product.pk}", "")) for product in page],
            "seen": seen,
            "max_pieces": MAX_PIECES,
            "pace_days": selectors.PACE_DAYS,
            "may_restock": request.user.has_perm(RESTOCK),
        }
