"""Finds products by any part of their SKU or name, listed or not: for staff, by a look at every product."""

from django.db.models import Func, Q, QuerySet, TextField

from shop.catalogue.search.folding import FUNCTIONS, folded
from shop.models import Product

_MAX_WORDS, _MAX_TEXT = 8, 200


def containing(products: QuerySet[Product], text: str) -> QuerySet[Product]:
    """Of `products`, those whose SKU or name contains every word of the text, folded."""
    sku, name = (
        Func(column, function=function, output_field=TextField())
        for column, function in zip(("sku", "name"), FUNCTIONS, strict=True)
    )
    found = products.alias(folded_sku=sku, spelled_name=name)
    for word in folded(text[:_MAX_TEXT]).split()[:_MAX_WORDS]:
        found = found.filter(Q(folded_sku__contains=word) | Q(spelled_name__contains=word))
    return found
