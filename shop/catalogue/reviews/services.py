"""Writes, withdraws and moderates reviews, and updates the product's rating in the same transaction."""

from collections.abc import Iterable

from django.contrib.admin.models import CHANGE, LogEntry
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count, Sum
from django.utils.translation import gettext as _

from orders.models import Order
from shop.accounts.services import lock_account
from shop.catalogue.reviews.selectors import own_review, shipped_orders_of
from shop.models import Product, Review, ReviewQuerySet, User

MODERATE = "shop.moderate_review"


class NotABuyer(Exception):
    """The shopper has no shipped order of the product. Nothing was written."""

    def __init__(self, *, sku: str) -> None:
        self.sku = sku
        super().__init__(_("You can review a product once your order of it has shipped."))


@transaction.atomic
def write_review(*, user: User, product: Product, stars: int, title: str, text: str) -> Review:
    """Create or update the shopper's review of a product; `stars` is 1 to 5.

    A review hidden by a moderator stays hidden. Raises `NotABuyer`; then nothing was written.
    """
    values = {"stars": stars, "title": title, "text": text}
    lock_account(user_id=user.pk)
    order = None if own_review(user=user, product=product) else _qualifying_order(user, product)
    review, _created = Review.objects.update_or_create(
        product=product, user=user, defaults=values, create_defaults=values | {"order": order}
    )
    _update_ratings({product.pk})
    return review


@transaction.atomic
def withdraw_review(*, user: User, product: Product) -> bool:
    """Delete the shopper's own review; returns whether there was one. The lock is that of `write_review`."""
    lock_account(user_id=user.pk)
    deleted, _by_model = Review.objects.filter(user=user, product=product).delete()
    _update_ratings({product.pk})
    return bool(deleted)


@transaction.atomic
def moderate_reviews(*, reviews: ReviewQuerySet, shown: bool, by: User) -> int:
    """Show or hide reviews and log it, in a constant number of statements; returns how many changed.

    Raises `PermissionDenied` unless `by` may moderate.
    """
    if not by.has_perm(MODERATE):
        raise PermissionDenied(f"{by} may not moderate reviews.")
    locked = reviews.filter(is_shown=not shown).order_by("pk").select_for_update(of=("self",), no_key=True)
    changing = dict(locked.values_list("pk", "product"))
    changed = Review.objects.filter(pk__in=changing)
    changed.update(is_shown=shown)
    LogEntry.objects.log_actions(by.pk, changed, CHANGE, _("Shown") if shown else _("Hidden"))
    _update_ratings(set(changing.values()))
    return len(changing)


@transaction.atomic
def publish_examples(*, reviews: Iterable[Review]) -> int:
    """Insert many reviews at once, for the demo; returns how many."""
    created = Review.objects.bulk_create(reviews)
    _update_ratings({review.product_id for review in created})
    return len(created)


def _qualifying_order(user: User, product: Product) -> Order:
    order = shipped_orders_of(user=user, sku=product.sku).first()
    if order is None:
        raise NotABuyer(sku=product.sku)
    return order


def _update_ratings(product_ids: set[int]) -> None:
    """Recount with the products locked, so that concurrent reviews are all counted."""
    products = list(Product.objects.filter(pk__in=product_ids).order_by("pk").select_for_update(no_key=True))
    counted = Review.objects.shown().filter(product__in=product_ids).order_by().values("product")
    ratings = {
        row["product"]: (row["count"], row["sum"]) for row in counted.annotate(count=Count("pk"), sum=Sum("stars"))
    }
    for product in products:
        product.rating_count, product.rating_sum = ratings.get(product.pk, (0, 0))
    Product.objects.bulk_update(products, ["rating_count", "rating_sum"])
