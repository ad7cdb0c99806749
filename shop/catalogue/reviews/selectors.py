"""Reads of a product's reviews, and whether the visitor may write one."""

from dataclasses import dataclass
from enum import StrEnum

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.core.paginator import Page, Paginator
from django.db.models import Count, Exists, OuterRef, QuerySet, Subquery
from django.utils.functional import cached_property

from orders.models import Order, OrderLine, Status
from shop.models import Product, ProductQuerySet, Review
from shop.models.reviews import MAX_STARS

PAGE_SIZE = 5
_STARS = range(MAX_STARS, 0, -1)
_SHIPPED = (Status.SHIPPED, Status.DELIVERED)


class Eligibility(StrEnum):
    """Whether a visitor may review a product."""

    GUEST = "guest"
    NOT_A_BUYER = "not_a_buyer"
    MAY_WRITE = "may_write"
    HAS_WRITTEN = "has_written"


@dataclass(frozen=True, slots=True)
class HistogramBar:
    """How many of a product's reviews gave this number of stars."""

    stars: int
    count: int
    of: int


class _KnownCountPaginator(Paginator):  # type: ignore[type-arg]
    """Paginator whose count is known, since the product stores it."""

    def __init__(self, *args: object, total: int) -> None:
        self.total = total
        super().__init__(*args)  # type: ignore[arg-type]

    @cached_property
    def count(self) -> int:
        return self.total


def reviews_of(*, product: Product, page: int | str | None = 1) -> Page[Review]:
    """Reviews, newest first, in one statement, since the product stores their number."""
    shown = product.reviews.shown().select_related("user")
    return _KnownCountPaginator(shown, PAGE_SIZE, total=product.rating_count).get_page(page)


def with_histogram(products: ProductQuerySet) -> ProductQuerySet:
    """Products annotated with how many of their reviews gave each number of stars, in the same statement."""
    shown = Review.objects.shown().filter(product=OuterRef("pk")).order_by().values("product")
    counts = {stars: shown.filter(stars=stars).values(count=Count("pk")) for stars in _STARS}
    return products.annotate(**{f"stars_{stars}": Subquery(count) for stars, count in counts.items()})


def histogram(product: Product) -> list[HistogramBar]:
    """From five stars to one, of a product of `with_histogram`."""
    return [HistogramBar(stars, getattr(product, f"stars_{stars}") or 0, product.rating_count) for stars in _STARS]


def with_eligibility(products: ProductQuerySet, *, user: AbstractBaseUser | AnonymousUser) -> ProductQuerySet:
    """Products annotated with whether `user` has bought and reviewed them, in the same statement."""
    if not user.is_authenticated:
        return products
    lines = OrderLine.objects.filter(sku=OuterRef("sku"), order__user=user.pk, order__status__in=_SHIPPED)
    own = Review.objects.filter(product=OuterRef("pk"), user=user.pk)
    return products.annotate(was_bought=Exists(lines), was_reviewed=Exists(own))


def eligibility(product: Product) -> Eligibility:
    """Eligibility of the visitor passed to `with_eligibility`."""
    if not hasattr(product, "was_bought"):
        return Eligibility.GUEST
    if getattr(product, "was_reviewed", False):
        return Eligibility.HAS_WRITTEN
    return Eligibility.MAY_WRITE if product.was_bought else Eligibility.NOT_A_BUYER


def eligibility_of(*, user: AbstractBaseUser | AnonymousUser, slug: str) -> Eligibility:
    """At most one statement, and none for a guest."""
    if not user.is_authenticated:
        return Eligibility.GUEST
    product = with_eligibility(Product.objects.filter(slug=slug), user=user).first()
    return eligibility(product) if product else Eligibility.NOT_A_BUYER


def own_review(*, user: AbstractBaseUser, product: Product) -> Review | None:
    return Review.objects.filter(user=user.pk, product=product).first()


def quotable(*, limit: int = 3) -> list[Review]:
    """Positive reviews with text, newest first, of listed products. Two statements."""
    positive = Review.objects.shown().filter(stars__gte=4, product__is_listed=True).exclude(text="")
    quotes = list(positive.select_related("product", "user")[:limit])
    products = Product.objects.on_shelves().in_bulk([review.product_id for review in quotes])
    for review in quotes:
        review.product = products.get(review.product_id, review.product)
    return quotes


def shipped_orders_of(*, user: AbstractBaseUser, sku: str) -> QuerySet[Order]:
    """The shopper's shipped or delivered orders of a product, one of which a review needs."""
    return Order.objects.filter(user_id=user.pk, status__in=_SHIPPED, lines__sku=sku).distinct()
