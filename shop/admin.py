"""How does a person in the office keep catalogue, stock and users?"""

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.contrib.auth.admin import UserAdmin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from orders.admin import OrderAdmin, OrderPage
from orders.money import display
from orders.records import RecordAdmin, record_link
from shop.models import Category, CategoryText, Product, ProductText, Review, StockMovement, User
from shop.parcels.page import parcels
from shop.passport.page import passport
from shop.reviews.services import MODERATE, moderate_reviews
from shop.stock import restock

admin.site.register(User, UserAdmin)
OrderAdmin.pages = [
    *OrderAdmin.pages,
    OrderPage("passport", _("Passport"), passport),
    OrderPage("parcels", _("Parcels"), parcels),
]


MAX_PIECES = 1_000_000


class RestockForm(ActionForm):
    """The number is read by the action: of a form that is not valid, the admin only says that no action was chosen."""

    pieces = forms.CharField(
        label=_("Pieces"), required=False, widget=forms.NumberInput(attrs={"min": 1, "max": MAX_PIECES})
    )


class CategoryTextInline(admin.TabularInline):  # type: ignore[type-arg]
    model = CategoryText
    extra = 0


class ProductTextInline(admin.StackedInline):  # type: ignore[type-arg]
    model = ProductText
    extra = 0


@admin.register(Category)
class CategoryAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("name", "slug", "position")
    inlines = (CategoryTextInline,)
    prepopulated_fields = {"slug": ("name",)}


@admin.register(Product)
class ProductAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Stock is no field here: it changes by orders and by restocking, both with movements."""

    list_display = ("sku", "name", "category", "money", "stock", "is_listed")
    list_filter = ("is_listed", "category")
    list_select_related = ("category",)
    list_per_page = 50
    show_full_result_count = False
    search_fields = ("sku", "name")
    search_help_text = _("Part of a sku or name")
    ordering = ("position", "id")
    prepopulated_fields = {"slug": ("name",)}
    readonly_fields = ("stock", "created_at")
    action_form = RestockForm
    actions = ("restock",)
    inlines = (ProductTextInline,)

    @admin.display(description=_("price"), ordering="price")
    def money(self, product: Product) -> str:
        return display(amount=product.price, currency=product.currency)

    @admin.action(description=_("Add pieces to the stock"), permissions=["change"])
    def restock(self, request: HttpRequest, queryset: QuerySet[Product]) -> None:
        pieces = _pieces(request.POST.get("pieces", ""))
        if not pieces:
            text = _("Write beside the action how many pieces came in, from 1 to 1,000,000. Nothing was changed.")
            self.message_user(request, text, messages.ERROR)
            return
        quantities = dict.fromkeys(queryset.values_list("pk", flat=True), pieces)
        restock(quantities=quantities, reference=request.user.get_username())
        self.message_user(request, _restocked(len(quantities), pieces), messages.SUCCESS)


@admin.register(StockMovement)
class StockMovementAdmin(RecordAdmin):
    list_display = ("at", "product_link", "quantity", "reason", "reference")
    list_filter = ("reason", "at")
    list_select_related = ("product",)
    search_fields = ("=product__sku", "=reference")
    search_help_text = _("Sku or order number, in full")
    ordering = ("-at", "-id")

    @admin.display(description=_("product"))
    def product_link(self, movement: StockMovement) -> SafeString:
        return record_link(movement.product, movement.product.sku)


@admin.register(Review)
class ReviewAdmin(RecordAdmin):
    """What a shopper wrote is not for staff to change: it is shown or hidden."""

    list_display = ("at", "product_link", "stars", "title", "signed", "is_shown")
    list_filter = ("is_shown", "stars", "at")
    list_select_related = ("product", "user")
    search_fields = ("=product__sku", "title", "text")
    search_help_text = _("Part of title or text, or a sku in full")
    ordering = ("-at", "-id")
    actions = ("hide", "show")

    @admin.display(description=_("product"))
    def product_link(self, review: Review) -> SafeString:
        return record_link(review.product, review.product.sku)

    def has_moderate_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(MODERATE)

    @admin.action(description=_("Hide selected reviews"), permissions=["moderate"])
    def hide(self, request: HttpRequest, queryset: QuerySet[Review]) -> None:
        self._moderate(request, queryset, shown=False)

    @admin.action(description=_("Show selected reviews"), permissions=["moderate"])
    def show(self, request: HttpRequest, queryset: QuerySet[Review]) -> None:
        self._moderate(request, queryset, shown=True)

    def _moderate(self, request: HttpRequest, queryset: QuerySet[Review], *, shown: bool) -> None:
        reviews = Review.objects.filter(pk__in=queryset.values_list("pk", flat=True))
        count = moderate_reviews(reviews=reviews, shown=shown, by=cast(User, request.user))
        text = ngettext("%(count)s review changed.", "%(count)s reviews changed.", count) % {"count": count}
        self.message_user(request, text, messages.SUCCESS)


def _pieces(text: str) -> int | None:
    text = text.strip()
    pieces = int(text) if text.isascii() and text.isdecimal() and len(text) <= len(str(MAX_PIECES)) else 0
    return pieces if 1 <= pieces <= MAX_PIECES else None


def _restocked(products: int, pieces: int) -> Any:
    text = ngettext(
        "%(products)s product has %(pieces)s more.", "%(products)s products have %(pieces)s more each.", products
    )
    return text % {"products": products, "pieces": pieces}
