"""What does the shop keep? Its goods, their stock, who signs in, what they want, and where their parcels go."""

from shop.models.addresses import SavedAddress
from shop.models.basket import SavedBasket
from shop.models.catalogue import Category, CategoryQuerySet, Product, ProductQuerySet
from shop.models.people import User
from shop.models.stock import StockMovement
from shop.models.texts import CategoryText, ProductText

__all__ = [
    "Category",
    "CategoryQuerySet",
    "CategoryText",
    "Product",
    "ProductQuerySet",
    "ProductText",
    "SavedAddress",
    "SavedBasket",
    "StockMovement",
    "User",
]
