"""Creates the products missing for a replay, and sums the quantities that an invoice sells."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from django.utils.text import slugify

from shop.models import Product
from shop.replay.csv_invoices import Invoice, Line

CURRENCY = "GBP"
_BATCH = 500  # SQLite limits the parameters of a statement


def ensure_products(*, invoices: Iterable[Invoice]) -> dict[str, int]:
    """Primary keys by SKU. Missing products are created unlisted, named by their first non-empty description."""
    lines: dict[str, Line] = {}
    for line in (line for invoice in invoices for line in invoice.lines):
        if line.sku not in lines or (line.description and not lines[line.sku].description):
            lines[line.sku] = line
    known = _keys(list(lines))
    missing = [_product(line) for sku, line in lines.items() if sku not in known]
    Product.objects.bulk_create(missing, batch_size=_BATCH, ignore_conflicts=True)
    return known | _keys([product.sku for product in missing])


def quantities_sold(*, invoice: Invoice, keys: dict[str, int]) -> dict[int, int]:
    """Pieces by product's primary key. A stock code may appear on an invoice more than once."""
    counted: Counter[int] = Counter()
    for line in invoice.lines:
        counted[keys[line.sku]] += line.quantity
    return dict(counted)


def _keys(skus: Sequence[str]) -> dict[str, int]:
    found = (Product.objects.filter(sku__in=part).values_list("sku", "pk") for part in _parts(skus))
    return {sku: key for part in found for sku, key in part}


def _parts(skus: Sequence[str]) -> Iterator[Sequence[str]]:
    return (skus[start : start + _BATCH] for start in range(0, len(skus), _BATCH))


def _product(line: Line) -> Product:
    """SKUs that differ only in case are different products in the data set, so the slug contains a digest."""
    digest = hashlib.sha256(line.sku.encode()).hexdigest()[:8]
    return Product(
        sku=line.sku,
        slug=f"{slugify(line.sku)}-{digest}".lstrip("-"),
        name=line.description[:200] or line.sku,
        price=line.unit_price,
        currency=CURRENCY,
        is_listed=False,
    )
