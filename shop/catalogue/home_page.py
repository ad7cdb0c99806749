"""What the home page shows: categories, new products, products almost sold out, quotes from reviews."""

from dataclasses import dataclass

from django.db.models import OuterRef, QuerySet, Subquery

from shop.catalogue.reviews.selectors import quotable
from shop.models import Category, Product, Review
from shop.stock.services import FEW_LEFT

_NEW, _RARE, _PICTURES = 8, 4, 3


@dataclass(frozen=True, slots=True)
class HomePage:
    """Each category has a few pictures of its products as `picture_1` and so on."""

    categories: list[Category]
    new: list[Product]
    almost_gone: list[Product]
    quotes: list[Review]


def home_page() -> HomePage:
    """All of it, in five statements."""
    return HomePage(
        categories=list(_categories()),
        new=list(Product.objects.on_shelves().filter(stock__gt=0).order_by("-pk")[:_NEW]),
        almost_gone=list(
            Product.objects.on_shelves().filter(stock__range=(1, FEW_LEFT)).order_by("stock", "pk")[:_RARE]
        ),
        quotes=quotable(),
    )


def _categories() -> QuerySet[Category]:
    """The pictures come along as subqueries, each one step in the index of listed goods."""
    goods = Product.objects.on_shelves().filter(category=OuterRef("pk")).order_by("position", "id").values("image")
    pictures = {f"picture_{n + 1}": Subquery(goods[n : n + 1]) for n in range(_PICTURES)}
    return Category.objects.in_active_language().annotate(**pictures)
