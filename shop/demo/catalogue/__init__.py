"""What does the demo shop sell?"""

from shop.demo.catalogue import desk, home, kitchen, outdoors, sound, wear
from shop.demo.catalogue.data import CategoryData, ProductData

# The shelves are dealt out in turn, so that the first page shows something of each.
_SHELVES = (sound, desk, home, wear, outdoors, kitchen)

CATEGORIES: list[CategoryData] = [shelf.CATEGORY for shelf in _SHELVES]
PRODUCTS: list[ProductData] = [
    product for row in zip(*(shelf.PRODUCTS for shelf in _SHELVES), strict=True) for product in row
]

__all__ = ["CATEGORIES", "PRODUCTS", "CategoryData", "ProductData"]
