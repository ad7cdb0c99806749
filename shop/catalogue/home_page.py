"""Content of the home page: categories, new products, low stock, quotes from reviews."""

from dataclasses import dataclass

from django.db.models import OuterRef, QuerySet, Subquery

from shop.catalogue.pictures import PICTURE
from shop.catalogue.reviews.selectors import quotable
from shop.models import Category, Product, ProductQuerySet, Review
from shop.stock.services import FEW_LEFT

_NEW, _ALMOST_GONE, _PICTURES = 8, 4, 3


@dataclass(frozen=True, slots=True)
class HomePage:
    """Each category carries a few product pictures, as `picture_1` and so on, rows of `PICTURE`."""

    categories: list[Category]
    new: list[Product]
    almost_gone: list[Product]
    quotes: list[Review]


def home_page() -> HomePage:
    """The whole home page, in five statements."""
    return HomePage(
        categories=list(_categories()),
        new=list(Product.objects.on_shelves().filter(stock__gt=0).order_by("-pk")[:_NEW]),
        almost_gone=list(_almost_gone()[:_ALMOST_GONE]),
        quotes=quotable(),
    )


def _almost_gone() -> ProductQuerySet:
    """Of those that run low, since only these have an index: one on the stock would be written with every sale."""
    return Product.objects.on_shelves().running_low().filter(stock__range=(1, FEW_LEFT)).order_by("stock", "pk")


def _categories() -> QuerySet[Category]:
    """Pictures are fetched as subqueries, each one lookup in the index of listed products."""
    listed = (
        Product.objects.on_shelves().filter(category=OuterRef("pk")).order_by("position", "id").values(shown=PICTURE)
    )
    pictures = {f"picture_{n + 1}": Subquery(listed[n : n + 1]) for n in range(_PICTURES)}
    return Category.objects.in_active_language().annotate(**pictures)
