"""Reads of a product's reviews, and of what the visitor may do about them."""

from dataclasses import dataclass
from enum import StrEnum

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.core.paginator import Page, Paginator
from django.db.models import Count, Exists, OuterRef, QuerySet
from django.utils.functional import cached_property

from orders.models import Order, OrderLine, Status
from shop.models import Product, ProductQuerySet, Review
from shop.models.reviews import MAX_STARS

PAGE_SIZE = 5
_ARRIVING = (Status.SHIPPED, Status.DELIVERED)


class Standing(StrEnum):
    """What a visitor may do about a product's reviews."""

    GUEST = "guest"
    NOT_A_BUYER = "not_a_buyer"
    MAY_WRITE = "may_write"
    HAS_WRITTEN = "has_written"


@dataclass(frozen=True, slots=True)
class Bar:
    """How many of all reviews gave so many stars."""

    stars: int
    count: int
    of: int


class _Counted(Paginator):  # type: ignore[type-arg]
    """Pages of what the product has counted already."""

    def __init__(self, *args: object, total: int) -> None:
        self.total = total
        super().__init__(*args)  # type: ignore[arg-type]

    @cached_property
    def count(self) -> int:
        return self.total


def reviews_of(*, product: Product, page: int | str | None = 1) -> Page[Review]:
    """Newest first, in one statement, since the product knows how many there are."""
    shown = product.reviews.shown().select_related("user")
    return _Counted(shown, PAGE_SIZE, total=product.rating_count).get_page(page)


def histogram(*, product: Product) -> list[Bar]:
    """From five stars to one."""
    given = product.reviews.shown().order_by().values_list("stars").annotate(count=Count("pk"))
    counts = dict(given) if product.rating_count else {}
    return [Bar(stars, counts.get(stars, 0), product.rating_count) for stars in range(MAX_STARS, 0, -1)]


def with_standing(products: ProductQuerySet, *, user: AbstractBaseUser | AnonymousUser) -> ProductQuerySet:
    """Products that know whether `user` has bought and reviewed them; asked along with the products themselves."""
    if not user.is_authenticated:
        return products
    lines = OrderLine.objects.filter(sku=OuterRef("sku"), order__user=user.pk, order__status__in=_ARRIVING)
    own = Review.objects.filter(product=OuterRef("pk"), user=user.pk)
    return products.annotate(was_bought=Exists(lines), was_reviewed=Exists(own))


def standing(product: Product) -> Standing:
    """Of the visitor whom `with_standing` asked about."""
    if not hasattr(product, "was_bought"):
        return Standing.GUEST
    if getattr(product, "was_reviewed", False):
        return Standing.HAS_WRITTEN
    return Standing.MAY_WRITE if product.was_bought else Standing.NOT_A_BUYER


def own_review(*, user: AbstractBaseUser, product: Product) -> Review | None:
    return Review.objects.filter(user=user.pk, product=product).first()


def quotable(*, limit: int = 3) -> list[Review]:
    """Good words in a few sentences, newest first, each of a product that can be looked at. Two statements."""
    kind = Review.objects.shown().filter(stars__gte=4, product__is_listed=True).exclude(text="")
    quotes = list(kind.select_related("product", "user")[:limit])
    products = Product.objects.on_shelves().in_bulk([review.product_id for review in quotes])
    for review in quotes:
        review.product = products.get(review.product_id, review.product)
    return quotes


def orders_with(*, user: AbstractBaseUser, sku: str) -> QuerySet[Order]:
    """The shopper's orders of a product that are on their way or there, which is what a review needs."""
    return Order.objects.filter(user_id=user.pk, status__in=_ARRIVING, lines__sku=sku).distinct()
