"""What an order to some address contains in tax, on the day of the order in the shop's zone."""

from collections.abc import Iterable, Sequence
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
    """The amounts of an order to `country`. `goods` are pairs of a tax class and a gross amount in minor units."""
    goods = list(goods)
    rates = line_rates(tax_classes=[each for each, _gross in goods], country=country, postcode=postcode, on=on)
    return taxed(goods=[(rate, gross) for rate, (_class, gross) in zip(rates, goods, strict=True)], delivery=delivery)


def line_rates(*, tax_classes: Sequence[str], country: str, postcode: str, on: date) -> list[int | None]:
    """The rate of each tax class in an order to `country`, in basis points: known for all of them, or for none.

    Without `SHOP_TAX_COUNTRY`, the rates of the destination apply, as in the EU's One Stop Shop.
    """
    region = tax_region(country=country, postcode=postcode)
    if region is None and country != _UNKNOWN:
        return [EXEMPT for _each in tax_classes]
    rates = region and rates_on(settings.SHOP_TAX_COUNTRY or region, on)
    return [rates.of(each) if rates else None for each in tax_classes]


def taxed(*, goods: Sequence[tuple[int | None, int]], delivery: int) -> list[NewAmount]:
    """The amounts of an order. `goods` are pairs of a rate, from `line_rates`, and a gross amount in minor units."""
    known = [(rate, gross) for rate, gross in goods if rate is not None]
    if len(known) < len(goods):
        return untaxed(goods=sum(gross for _rate, gross in goods), delivery=delivery)
    return amounts_at(goods=known, delivery=delivery)
