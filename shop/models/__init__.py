"""What does the shop keep? Its goods, their stock, who signs in, and where their parcels go."""

from shop.models.addresses import SavedAddress
from shop.models.catalogue import Category, Product, ProductQuerySet
from shop.models.people import User
from shop.models.stock import StockMovement

__all__ = ["Category", "Product", "ProductQuerySet", "SavedAddress", "StockMovement", "User"]
