"""Shipping options: methods with their prices and delivery dates, and the countries they serve."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from orders.models import ShippingMethod
from orders.values import Address
from shipping.carrier_selection import quotes
from shipping.carriers import Consignment
from shipping.delivery_windows import DeliveryWindow
from shipping.selectors import promised_window

_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class ShippingOption:
    """One way to travel. `price` is in minor units of the shop's currency."""

    method: str
    price: int
    window: DeliveryWindow


def shipping_price(*, shipping_method: str) -> int:
    """Minor units of the shop's currency."""
    return int(settings.SHOP_EXPRESS_PRICE) if shipping_method == ShippingMethod.EXPRESS else 0


def shipping_options(*, now: datetime) -> list[ShippingOption]:
    """All ways to travel, with the days of arrival if the order were placed `now`."""
    return [
        ShippingOption(
            method=method.value,
            price=shipping_price(shipping_method=method),
            window=promised_window(shipping_method=method, placed_at=now),
        )
        for method in ShippingMethod
    ]


def is_served(*, country: str, shipping_method: str) -> bool:
    """Whether any carrier goes to this country (ISO 3166-1) that way. Known from their tariffs; nobody is asked."""
    address = Address(line1="", city="", postcode="", country=country)
    return bool(quotes(consignment=Consignment(name="", address=address, shipping_method=shipping_method)))


def not_served_text() -> str:
    """What people are told then."""
    return _("No carrier takes parcels there. Nothing was ordered. Choose another country, or another way of shipping.")


def time_until_cutoff(*, now: datetime) -> timedelta | None:
    """How long a parcel that is ordered still leaves today; None when none does any more."""
    local = timezone.localtime(now, timezone.get_default_timezone())
    closes = local.replace(hour=settings.SHIPPING_CUTOFF_HOUR, minute=0, second=0, microsecond=0)
    is_open = local < closes and local.weekday() < _SATURDAY
    return closes - local if is_open else None
