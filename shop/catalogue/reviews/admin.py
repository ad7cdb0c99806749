"""Admin of reviews: hide and show them."""

from typing import cast

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from orders.readonly_admin import ReadOnlyAdmin, admin_link
from shop.bulk_actions import BoundedActions
from shop.catalogue.reviews.services import MODERATE, moderate_reviews
from shop.models import Review, User


@admin.register(Review)
class ReviewAdmin(BoundedActions, ReadOnlyAdmin):
    """Staff cannot edit what a shopper wrote, only show or hide it."""

    list_display = ("at", "product_link", "stars", "title", "signed", "is_shown")
    list_filter = ("is_shown", "stars", "at")
    list_select_related = ("product", "user")
    search_fields = ("=product__sku", "title", "text")
    search_help_text = _("Part of the title or text, or a full SKU")
    ordering = ("-at", "-id")
    actions = ("hide", "show")

    @admin.display(description=_("product"))
    def product_link(self, review: Review) -> SafeString:
        return admin_link(review.product, review.product.sku)

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
