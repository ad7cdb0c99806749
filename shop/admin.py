"""Imports the admin module of each package, which registers its models and order pages."""

from django.apps import apps

from shop.accounts import admin as accounts
from shop.catalogue import admin as catalogue
from shop.catalogue.reviews import admin as reviews
from shop.invoices import admin as invoices
from shop.office import admin as office
from shop.returns import admin as returns
from shop.stock import admin as stock

__all__ = ["accounts", "catalogue", "invoices", "office", "returns", "reviews", "stock"]

if apps.is_installed("messaging.operations"):
    from shop.demo.game_days import admin as game_days

    __all__ += ["game_days"]
