"""What does the shop keep? Its goods, their stock, and who signs in."""

from shop.models.catalogue import Category, Product, ProductQuerySet
from shop.models.people import User
from shop.models.stock import StockMovement

__all__ = ["Category", "Product", "ProductQuerySet", "StockMovement", "User"]
