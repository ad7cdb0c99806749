"""Catalogue: listed products that checkout does not sell."""

from collections.abc import Iterator

from django.conf import settings

from shop.doctor.findings import Finding, and_more
from shop.models import Product


def currency() -> Iterator[Finding]:
    """A product of another currency cannot be listed, but `SHOP_CURRENCY` may change afterwards."""
    others = Product.objects.listed().exclude(currency=settings.SHOP_CURRENCY)
    if count := others.count():
        first = f"{others.order_by('pk')[0].sku}{and_more(range(count))}"
        sentence = f"The listed product {first} is not priced in {settings.SHOP_CURRENCY}: nobody can buy it."
        yield Finding("currency", sentence, "correct SHOP_CURRENCY, or the prices at /admin/shop/product/")
