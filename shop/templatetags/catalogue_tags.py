"""Template tags and filters for products: pictures, stars, stock."""

from collections.abc import Iterable

from django import template

from shop.catalogue.pictures import Pictured, picture, source
from shop.colours import is_own
from shop.models import Category, Product
from shop.site.colour_sheet import sheet_url
from shop.stock.services import FEW_LEFT

register = template.Library()

register.simple_tag(picture)
register.simple_tag(source, name="picture_source")


@register.filter
def pictured(product: Product) -> Pictured:
    return Pictured.of(product)


@register.simple_tag
def own_colours(categories: Iterable[Category]) -> str:
    """URL of the style sheet for categories with colours of their own; empty if there are none."""
    colours = sorted({category.colour for category in categories if is_own(category.colour)})
    return sheet_url(colours) if colours else ""


@register.filter
def half_stars(rating: float) -> int:
    """Rating in half stars, 0 to 10, as in the CSS classes `stars-0` to `stars-10`."""
    return round(rating * 2)


@register.filter
def stock_level(stock: int) -> str:
    """`none`, `few` or `plenty`."""
    if stock <= 0:
        return "none"
    return "few" if stock <= FEW_LEFT else "plenty"
