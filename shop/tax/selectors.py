"""What an order to some address contains in tax, on the day of the order in the shop's zone."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Final

from django.conf import settings
from django.utils import timezone

from orders.placing.amounts import untaxed
from orders.values import NewAmount
from shop.tax.amounts import EXEMPT, amounts_at
from shop.tax.rates import rates_on
from shop.tax.territories import tax_region

_UNKNOWN: Final = "ZZ"  # Unicode's code for an unknown country, which imports may have


def tax_day(at: datetime) -> date:
    """The day whose rates apply, in the shop's zone."""
    return timezone.localtime(at, timezone.get_default_timezone()).date()


def amounts_of(
    *, goods: Iterable[tuple[str, int]], delivery: int, country: str, postcode: str, on: date
) -> list[NewAmount]:
    """The amounts of an order to `country`. `goods` are pairs of a tax class and a gross amount in minor units.

    Without `SHOP_TAX_COUNTRY`, the rates of the destination apply, as in the EU's One Stop Shop.
    """
    goods = list(goods)
    region = tax_region(country=country, postcode=postcode)
    if region is None and country != _UNKNOWN:
        return amounts_at(goods=[(EXEMPT, gross) for _class, gross in goods], delivery=delivery)
    rates = region and rates_on(settings.SHOP_TAX_COUNTRY or region, on)
    if not rates:
        return untaxed(goods=sum(gross for _class, gross in goods), delivery=delivery)
    return amounts_at(goods=[(rates.of(tax_class), gross) for tax_class, gross in goods], delivery=delivery)
