"""The demo's categories and products."""

from shop.demo.products import desk, german, home, kitchen, outdoors, sound, wear
from shop.demo.products.product_data import CategoryData, CategoryTextData, ProductData, TextData

# Categories alternate, so that the first page shows products of each.
_CATEGORIES = (sound, desk, home, wear, outdoors, kitchen)

CATEGORIES: list[CategoryData] = [module.CATEGORY for module in _CATEGORIES]
PRODUCTS: list[ProductData] = [
    product for row in zip(*(module.PRODUCTS for module in _CATEGORIES), strict=True) for product in row
]
# By language: categories' texts by slug, and products' by sku.
CATEGORY_TEXTS: dict[str, dict[str, CategoryTextData]] = {"de": german.CATEGORIES}
PRODUCT_TEXTS: dict[str, dict[str, TextData]] = {"de": german.PRODUCTS}

__all__ = ["CATEGORIES", "CATEGORY_TEXTS", "PRODUCTS", "PRODUCT_TEXTS", "CategoryData", "ProductData"]
