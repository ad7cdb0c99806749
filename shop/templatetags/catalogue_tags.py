"""Template tags and filters of products: pictures, stars, stock."""

from django import template

from shop.catalogue.pictures import picture, picture_at
from shop.stock.services import FEW_LEFT

register = template.Library()

register.simple_tag(picture)
register.simple_tag(picture_at)


@register.filter
def half_stars(rating: float) -> int:
    """Stars in steps of a half, 0 to 10, as the classes `stars-1` and so on count them."""
    return round(rating * 2)


@register.filter
def stock_level(stock: int) -> str:
    """`none`, `few` or `plenty`."""
    if stock <= 0:
        return "none"
    return "few" if stock <= FEW_LEFT else "plenty"
