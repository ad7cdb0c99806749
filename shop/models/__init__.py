"""What does the shop keep? Its goods and stock, who signs in, what they want, where it goes, and their reviews."""

from shop.models.addresses import SavedAddress
from shop.models.basket import SavedBasket
from shop.models.catalogue import Category, CategoryQuerySet, Product, ProductQuerySet
from shop.models.papers import Invoice
from shop.models.people import User
from shop.models.reviews import Review, ReviewQuerySet
from shop.models.stock import LowStock, StockMovement
from shop.models.texts import CategoryText, ProductText

__all__ = [
    "Category",
    "CategoryQuerySet",
    "CategoryText",
    "Invoice",
    "LowStock",
    "Product",
    "ProductQuerySet",
    "ProductText",
    "Review",
    "ReviewQuerySet",
    "SavedAddress",
    "SavedBasket",
    "StockMovement",
    "User",
]
