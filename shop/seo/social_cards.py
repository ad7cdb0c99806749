"""Picture and description shown when a page is shared."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from django.contrib.staticfiles import finders
from django.core.exceptions import SuspiciousFileOperation
from django.utils.translation import gettext as _

from shop.catalogue.pictures import NO_PICTURE, Pictured
from shop.models import Category, Product
from shop.seo.structured_data import absolute_url

_CARD = "shop/social-card.webp"


@dataclass(frozen=True)
class Card:
    """`address` is an absolute URL; `width` and `height` are in pixels, or None if unknown."""

    address: str
    width: int | None
    height: int | None
    alt: str


def card_of(product: Product | None) -> Card:
    """The product's picture, or the shop's card with its slogan on all other pages."""
    if not product:
        return _drawn(_CARD, "")
    shown = Pictured.of(product)
    if not shown.files:
        return _drawn(product.image or NO_PICTURE, product.name)
    return Card(absolute_url(shown.largest), shown.width, shown.height, product.picture_alt or product.name)


def _drawn(path: str, alt: str) -> Card:
    width, height = _size(path) or (None, None)
    return Card(absolute_url(Pictured(path, []).url), width, height, alt)


def category_description(category: Category | None) -> str:
    """The category's blurb, or a sentence with its name if it has none."""
    if not category:
        return ""
    sentence = _("%(name)s at Conveyor: see prices, stock and customer reviews.")
    return category.blurb or sentence % {"name": category.name}


@lru_cache(maxsize=1024)
def _size(path: str) -> tuple[int, int] | None:
    """Width and height of a WebP file in static/, from its header (developers.google.com/speed/webp, "Container")."""
    try:
        found = finders.find(path)
    except SuspiciousFileOperation:
        return None
    if not isinstance(found, str):
        return None
    with Path(found).open("rb") as file:
        head = file.read(30)
    if head[8:12] != b"WEBP":
        return None
    match head[12:16]:
        case b"VP8X":
            return int.from_bytes(head[24:27], "little") + 1, int.from_bytes(head[27:30], "little") + 1
        case b"VP8L":
            bits = int.from_bytes(head[21:25], "little")
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8 ":
            return int.from_bytes(head[26:28], "little") & 0x3FFF, int.from_bytes(head[28:30], "little") & 0x3FFF
    return None
