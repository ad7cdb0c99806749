"""Admin of stock movements, and of products that run low, which it restocks several at once."""

from typing import Any, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from orders.records import RecordAdmin, record_link
from shop.models import LowStock, Product, StockMovement, User
from shop.stock import selectors
from shop.stock.forms import MAX_PIECES, number_in, pieces_in
from shop.stock.stockroom import RESTOCK, StockroomRefusal, receive_goods
from shop.stock.views import VIEW

_FIELD = "pieces-"


@admin.register(StockMovement)
class StockMovementAdmin(RecordAdmin):
    list_display = ("at", "product_link", "quantity", "reason", "reference", "note")
    list_filter = ("reason", "at")
    list_select_related = ("product",)
    search_fields = ("=product__sku", "=reference")
    search_help_text = gettext_lazy("Sku or order number, in full")
    ordering = ("-at", "-id")

    @admin.display(description=gettext_lazy("product"))
    def product_link(self, movement: StockMovement) -> SafeString:
        return record_link(movement.product, movement.product.sku)


class _LowGoods(Paginator):  # type: ignore[type-arg]
    @cached_property
    def count(self) -> int:
        """Without the sales, which cost more than the page and change no count."""
        return Product.objects.running_low().count()


@admin.register(LowStock)
class LowStockAdmin(RecordAdmin):
    """`/admin/shop/lowstock/`: those first that last shortest; a number beside each that came in."""

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
        """Whether something came in; if not, it was said why."""
        typed = {name[len(_FIELD) :]: text for name, text in request.POST.items() if name.startswith(_FIELD) and text}
        wanted = {number_in(pk): pieces_in(str(text)) for pk, text in typed.items()}
        quantities = {pk: pieces for pk, pieces in wanted.items() if pk and pieces}
        if not quantities or len(quantities) < len(typed):
            told = _("Write beside the goods how many pieces came in, from 1 to 1,000,000. Nothing was changed.")
            self.message_user(request, told, messages.ERROR)
            return False
        return self._received(request, quantities)

    def _received(self, request: HttpRequest, quantities: dict[int, int]) -> bool:
        seen = number_in(request.POST.get("seen", ""))
        try:
            products = receive_goods(quantities=quantities, by=cast(User, request.user), seen=seen)
        except StockroomRefusal as refused:
            self.message_user(request, str(refused), messages.ERROR)
            return False
        count = len(products)
        told = ngettext("%(count)s product is restocked.", "%(count)s products are restocked.", count)
        self.message_user(request, told % {"count": count}, messages.SUCCESS)
        return True

    def _context(self, request: HttpRequest) -> dict[str, Any]:
        """The newest movement is read before the stock: what comes in between is then refused rather than doubled."""
        seen = selectors.newest_movement()
        goods = _LowGoods(selectors.low_stock(now=timezone.now()), self.list_per_page)
        page = goods.get_page(request.GET.get("p"))
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
