"""System checks of the seller: who is on the papers of a shop that takes money, and a country of tax with rates."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core import checks

from payments.gateways import is_simulated
from shop.tax.rates import regions

_EXAMPLE = "@conveyor.example"


@checks.register(checks.Tags.security, deploy=True)
def check_seller(**_options: Any) -> list[checks.CheckMessage]:
    """A simulated gateway takes no money, so that its papers may name the example shop."""
    found = () if is_simulated() else _missing()
    return [checks.Warning(sentence, hint=fix, id=f"shop.{number}") for number, sentence, fix in found]


@checks.register
def check_tax_country(**_options: Any) -> list[checks.CheckMessage]:
    country = settings.SHOP_TAX_COUNTRY
    if not country or country in regions():
        return []
    sentence = f"SHOP_TAX_COUNTRY is {country!r}, which is not a member state of the EU."
    return [checks.Error(sentence, hint="unset SHOP_TAX_COUNTRY", id="shop.E001")]


def _missing() -> Iterator[tuple[str, str, str]]:
    if settings.CONVEYOR_SELLER_EMAIL.endswith(_EXAMPLE):
        sentence = "The seller on invoices and in e-mails is the example shop."
        fix = "export CONVEYOR_SELLER_NAME=… CONVEYOR_SELLER_ADDRESS='…; …' CONVEYOR_SELLER_EMAIL=…"
        yield "W006", sentence, fix
    if not settings.CONVEYOR_SELLER_VAT_NUMBER:
        sentence = "CONVEYOR_SELLER_VAT_NUMBER is not set: invoices that include VAT need the seller's number."
        yield "W007", sentence, "export CONVEYOR_SELLER_VAT_NUMBER=DE123456789"
