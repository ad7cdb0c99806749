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
from shop.catalogue.admin_forms import CategoryForm, ProductForm
from shop.catalogue.pictures import Pictured, source
from shop.catalogue.search.parts import containing
from shop.colours import NAMES, swatch
from shop.models import Category, CategoryText, Product, ProductText, User
from shop.pictures.services import adopt, staged
from shop.pictures.sizes import fitted
from shop.stale_pages import FreshAdmin
from shop.stock.forms import MAX_PIECES, parse_number, parse_pieces
from shop.stock.selectors import newest_movement_id
from shop.stock.stockroom import RESTOCK, StalePage, receive_goods
from shop.stock.views import product_page

#: Pixels.
_PREVIEW = 160


class RestockForm(ActionForm):
    """The action validates the number, since for an invalid form the admin only reports that no action was selected."""

    pieces = forms.CharField(
        label=_("Pieces"), required=False, widget=forms.NumberInput(attrs={"min": 1, "max": MAX_PIECES})
    )
    seen = forms.CharField(label="", required=False, initial=newest_movement_id, widget=forms.HiddenInput)


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
class CategoryAdmin(FreshAdmin):
    form = CategoryForm
    fields = ("name", "slug", "blurb", "position", "palette", "own", "seen")
    list_display = ("name", "slug", "swatch", "position")
    inlines = (CategoryTextInline,)
    prepopulated_fields = {"slug": ("name",)}

    @admin.display(description=_("colour"))
    def swatch(self, category: Category) -> SafeString:
        """The fill is an attribute, which the Content Security Policy permits as opposed to a style."""
        name = str(NAMES.get(category.colour, category.colour))
        svg = '<svg width="14" height="14" role="presentation"><rect width="14" height="14" rx="4" fill="{}"/></svg> {}'
        return format_html(svg, swatch(category.colour), name)


@admin.register(Product)
class ProductAdmin(FreshAdmin):
    """Stock is read-only here: it changes through orders, restocking and stocktaking, each recorded as a movement."""

    form = ProductForm
    list_display = ("sku", "name", "category", "money", "stock_link", "is_listed")
    list_filter = ("is_listed", "category")
    list_select_related = ("category",)
    list_per_page = 50
    show_full_result_count = False
    search_fields = ("sku", "name")
    search_help_text = _("Part of a SKU or name")
    ordering = ("position", "id")
    prepopulated_fields = {"slug": ("name",)}
    readonly_fields = ("preview", "stock", "created_at")
    action_form = RestockForm
    actions = ("restock",)
    inlines = (ProductTextInline,)
    change_form_template = "admin/shop/product/change_form.html"

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        """An upload is decoded and stored before Django's transaction begins, and given to the form in its place."""
        file = request.FILES.get("picture") if self._may_write(request) else None
        if file is None:
            return super().changeform_view(request, object_id, form_url, extra_context)
        with file, staged(file, size=file.size or 0) as stage:
            request.FILES["picture"] = stage  # type: ignore[assignment]
            return super().changeform_view(request, object_id, form_url, extra_context)

    def save_model(self, request: HttpRequest, obj: Product, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if "picture" in form.changed_data:
            adopt(stage=form.staged, instead_of=str(form.initial.get("picture") or ""))

    def _may_write(self, request: HttpRequest) -> bool:
        return self.has_add_permission(request) or self.has_change_permission(request)

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(product_page)
        return [path("<int:product_id>/stock/", page, name="shop_product_stock"), *super().get_urls()]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Product], search_term: str
    ) -> tuple[QuerySet[Product], bool]:
        """Any part of a word, also of products that are not listed, however its accents are typed."""
        return containing(queryset, search_term), False

    @admin.display(description=_("shown as"))
    def preview(self, product: Product) -> SafeString:
        """The picture as pages show it, uploaded or drawn."""
        shown = Pictured.of(product)
        width, height = fitted(shown.width, shown.height, _PREVIEW)
        attributes = source(product, f"{width}px")
        return format_html('<img {} alt="" width="{}" height="{}">', attributes, width, height)

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
        seen = request.POST.get("seen")  # a script may omit it
        try:
            receive_goods(quantities=quantities, by=cast(User, request.user), seen=parse_number(seen) if seen else None)
        except StalePage as error:
            self.message_user(request, str(error), messages.INFO if error.is_repeat else messages.ERROR)
        else:
            self.message_user(request, _restocked(len(quantities), pieces), messages.SUCCESS)


def _restocked(products: int, pieces: int) -> Any:
    text = ngettext(
        "Added %(pieces)s pieces to %(products)s product.",
        "Added %(pieces)s pieces each to %(products)s products.",
        products,
    )
    return text % {"products": products, "pieces": pieces}
