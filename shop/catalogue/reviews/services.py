"""Writes, withdraws and moderates reviews, and updates the product's rating in the same transaction."""

from collections.abc import Iterable

from django.contrib.admin.models import CHANGE, LogEntry
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count, Sum
from django.utils.translation import gettext as _

from orders.models import Order
from shop.catalogue.reviews.selectors import orders_with, own_review
from shop.models import Product, Review, ReviewQuerySet, User

MODERATE = "shop.moderate_review"


class NotABuyer(Exception):
    """The shopper has no order of the product that was shipped. Nothing was written."""

    def __init__(self, *, sku: str) -> None:
        self.sku = sku
        super().__init__(_("Only shoppers whose parcel with it is on its way or delivered can review a product."))


@transaction.atomic
def write_review(*, user: User, product: Product, stars: int, title: str, text: str) -> Review:
    """Write the shopper's review of a product, or change the one that is there; `stars` are 1 to 5.

    A review that a moderator has hidden stays hidden. Raises `NotABuyer`; then nothing was written.
    """
    said = {"stars": stars, "title": title, "text": text}
    order = None if own_review(user=user, product=product) else _proof(user, product)
    review, _created = Review.objects.update_or_create(
        product=product, user=user, defaults=said, create_defaults=said | {"order": order}
    )
    _rate({product.pk})
    return review


@transaction.atomic
def withdraw_review(*, user: User, product: Product) -> bool:
    """Delete the shopper's own review; whether there was one."""
    deleted, _by_model = Review.objects.filter(user=user, product=product).delete()
    _rate({product.pk})
    return bool(deleted)


@transaction.atomic
def moderate_reviews(*, reviews: ReviewQuerySet, shown: bool, by: User) -> int:
    """Show or hide reviews and log it, in a number of statements that does not grow with them; how many changed.

    Raises `PermissionDenied` unless `by` may moderate.
    """
    if not by.has_perm(MODERATE):
        raise PermissionDenied(f"{by} may not moderate reviews.")
    changing = dict(reviews.filter(is_shown=not shown).order_by().values_list("pk", "product"))
    changed = Review.objects.filter(pk__in=changing)
    changed.update(is_shown=shown)
    LogEntry.objects.log_actions(by.pk, changed, CHANGE, _("Shown") if shown else _("Hidden"))
    _rate(set(changing.values()))
    return len(changing)


@transaction.atomic
def publish_examples(*, reviews: Iterable[Review]) -> int:
    """Put many reviews in at once, as the demo does; how many."""
    made = Review.objects.bulk_create(reviews)
    _rate({review.product_id for review in made})
    return len(made)


def _proof(user: User, product: Product) -> Order:
    order = orders_with(user=user, sku=product.sku).first()
    if order is None:
        raise NotABuyer(sku=product.sku)
    return order


def _rate(product_ids: set[int]) -> None:
    """Count anew, with the products locked: of two shoppers at once, the second counts the first one's stars, too."""
    products = list(Product.objects.filter(pk__in=product_ids).order_by("pk").select_for_update(no_key=True))
    given = Review.objects.shown().filter(product__in=product_ids).order_by().values("product")
    ratings = {
        row["product"]: (row["count"], row["sum"]) for row in given.annotate(count=Count("pk"), sum=Sum("stars"))
    }
    for product in products:
        product.rating_count, product.rating_sum = ratings.get(product.pk, (0, 0))
    Product.objects.bulk_update(products, ["rating_count", "rating_sum"])
