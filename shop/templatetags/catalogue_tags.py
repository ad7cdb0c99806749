"""Template tags and filters for products: pictures, stars, stock."""

from django import template

from shop.catalogue.pictures import picture, picture_at
from shop.stock.services import FEW_LEFT

register = template.Library()

register.simple_tag(picture)
register.simple_tag(picture_at)


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
