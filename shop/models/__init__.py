"""Models of the shop: catalogue, stock, accounts, baskets, addresses, reviews, invoices, pictures, returns, faults."""

from shop.models.addresses import SavedAddress
from shop.models.basket import GuestBasket, SavedBasket
from shop.models.catalogue import Category, CategoryQuerySet, Product, ProductQuerySet, TaxClass
from shop.models.catalogue_version import CatalogueStamp
from shop.models.erasures import Erasure
from shop.models.game_days import Fault
from shop.models.invoices import CreditNote, EarlierInvoice, Invoice, NumberSeries, Paper
from shop.models.pictures import StoredPicture
from shop.models.returns import Return, ReturnLabel, ReturnLine, ReturnReason, ReturnStatus
from shop.models.reviews import Review, ReviewQuerySet
from shop.models.stock import LowStock, StockMovement
from shop.models.translations import CategoryText, ProductText
from shop.models.users import User

__all__ = [
    "CatalogueStamp",
    "Category",
    "CategoryQuerySet",
    "CategoryText",
    "CreditNote",
    "EarlierInvoice",
    "Erasure",
    "Fault",
    "GuestBasket",
    "Invoice",
    "LowStock",
    "NumberSeries",
    "Paper",
    "Product",
    "ProductQuerySet",
    "ProductText",
    "Return",
    "ReturnLabel",
    "ReturnLine",
    "ReturnReason",
    "ReturnStatus",
    "Review",
    "ReviewQuerySet",
    "SavedAddress",
    "SavedBasket",
    "StockMovement",
    "StoredPicture",
    "TaxClass",
    "User",
]
