"""Criteria of a product list: search text, filters, sort order."""

from dataclasses import dataclass

from django.db import models
from django.utils.translation import gettext_lazy as _


class Sort(models.TextChoices):
    BEST = "best", _("Best match")
    FEATURED = "featured", _("Featured")
    PRICE_UP = "price-up", _("Price, low to high")
    PRICE_DOWN = "price-down", _("Price, high to low")
    NEWEST = "newest", _("Newest")


@dataclass(frozen=True, slots=True)
class Criteria:
    """`category` is a slug; prices are in minor units, inclusive. Empty and None mean no restriction.

    An empty `sort` means best match for a search, and the shop's featured order otherwise.
    """

    search: str = ""
    category: str = ""
    price_from: int | None = None
    price_to: int | None = None
    in_stock: bool = False
    sort: str = ""


EVERYTHING = Criteria()
