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
    """A shipping method on offer. `price` is in minor units of the shop's currency."""

    method: str
    price: int
    window: DeliveryWindow


def shipping_price(*, shipping_method: str) -> int:
    """Minor units of the shop's currency."""
    return int(settings.SHOP_EXPRESS_PRICE) if shipping_method == ShippingMethod.EXPRESS else 0


def shipping_options(*, now: datetime) -> list[ShippingOption]:
    """All shipping methods, with their delivery windows for an order placed `now`."""
    return [
        ShippingOption(
            method=method.value,
            price=shipping_price(shipping_method=method),
            window=promised_window(shipping_method=method, placed_at=now),
        )
        for method in ShippingMethod
    ]


def is_served(*, country: str, shipping_method: str) -> bool:
    """Whether any carrier delivers to this country (ISO 3166-1) with this method, going by tariffs, without calls."""
    address = Address(line1="", city="", postcode="", country=country)
    return bool(quotes(consignment=Consignment(name="", address=address, shipping_method=shipping_method)))


def not_served_text() -> str:
    """Error message for a destination no carrier serves."""
    return _("We cannot deliver there. Nothing was ordered. Choose a different country or shipping method.")


def time_until_cutoff(*, now: datetime) -> timedelta | None:
    """Time left for an order to ship today; None once the cutoff has passed."""
    local = timezone.localtime(now, timezone.get_default_timezone())
    closes = local.replace(hour=settings.SHIPPING_CUTOFF_HOUR, minute=0, second=0, microsecond=0)
    is_open = local < closes and local.weekday() < _SATURDAY
    return closes - local if is_open else None
