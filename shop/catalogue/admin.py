"""Admin of categories and products, with their translations."""

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from orders.money import display
from shop.models import Category, CategoryText, Product, ProductText, User
from shop.stock.forms import MAX_PIECES, parse_pieces
from shop.stock.stockroom import RESTOCK, receive_goods
from shop.stock.views import product_page


class RestockForm(ActionForm):
    """The action validates the number, since for an invalid form the admin only reports that no action was selected."""

    pieces = forms.CharField(
        label=_("Pieces"), required=False, widget=forms.NumberInput(attrs={"min": 1, "max": MAX_PIECES})
    )


class _Texts:
    """One form for each language. Django renders up to 1,000 more than `max_num` if a request asks for them."""

    extra = 0
    max_num: int | None = 20

    def get_formset(self, request: HttpRequest, obj: Any = None, **options: Any) -> Any:
        return super().get_formset(request, obj, **{"absolute_max": self.max_num} | options)  # type: ignore[misc]


class CategoryTextInline(_Texts, admin.StackedInline):  # type: ignore[type-arg]
    model = CategoryText


class ProductTextInline(_Texts, admin.StackedInline):  # type: ignore[type-arg]
    model = ProductText


@admin.register(Category)
class CategoryAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("name", "slug", "position")
    inlines = (CategoryTextInline,)
    prepopulated_fields = {"slug": ("name",)}


@admin.register(Product)
class ProductAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Stock is read-only here: it changes through orders, restocking and stocktaking, each recorded as a movement."""

    list_display = ("sku", "name", "category", "money", "stock_link", "is_listed")
    list_filter = ("is_listed", "category")
    list_select_related = ("category",)
    list_per_page = 50
    show_full_result_count = False
    search_fields = ("sku", "name")
    search_help_text = _("Part of a SKU or name")
    ordering = ("position", "id")
    prepopulated_fields = {"slug": ("name",)}
    readonly_fields = ("stock", "created_at")
    action_form = RestockForm
    actions = ("restock",)
    inlines = (ProductTextInline,)
    change_form_template = "admin/shop/product/change_form.html"

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(product_page)
        return [path("<int:product_id>/stock/", page, name="shop_product_stock"), *super().get_urls()]

    @admin.display(description=_("price"), ordering="price")
    def money(self, product: Product) -> str:
        return display(amount=product.price, currency=product.currency)

    @admin.display(description=_("stock"), ordering="stock")
    def stock_link(self, product: Product) -> SafeString:
        return format_html('<a href="{}">{}</a>', reverse("admin:shop_product_stock", args=[product.pk]), product.stock)

    def has_restock_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(RESTOCK)

    @admin.action(description=_("Add stock"), permissions=["restock"])
    def restock(self, request: HttpRequest, queryset: QuerySet[Product]) -> None:
        pieces = parse_pieces(request.POST.get("pieces", ""))
        if not pieces:
            text = _("Enter how many pieces to add, from 1 to 1,000,000. Nothing was changed.")
            self.message_user(request, text, messages.ERROR)
            return
        quantities = dict.fromkeys(queryset.values_list("pk", flat=True), pieces)
        receive_goods(quantities=quantities, by=cast(User, request.user))
        self.message_user(request, _restocked(len(quantities), pieces), messages.SUCCESS)


def _restocked(products: int, pieces: int) -> Any:
    text = ngettext(
        "Added %(pieces)s pieces to %(products)s product.",
        "Added %(pieces)s pieces each to %(products)s products.",
        products,
    )
    return text % {"products": products, "pieces": pieces}
