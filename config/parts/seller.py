"""The seller: name, address, VAT number and sender, and the shop's currency, time zone and country of tax."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email.utils import formataddr
from zoneinfo import ZoneInfo, available_timezones

from babel.core import get_global
from babel.numbers import get_territory_currencies
from django.core.exceptions import ImproperlyConfigured

from config import env

#: The example shop; `check --deploy` warns if it takes real money (shop.W006).
EXAMPLE_NAME = "Conveyor"
_EXAMPLE_ADDRESS = ("1 Belt Street", "Exampletown")
_EXAMPLE_EMAIL = "shop@conveyor.example"
_COUNTRY = re.compile(r"[A-Z]{2}")
#: Before the first currency that Babel knows.
_EARLIEST = date(1800, 1, 1)


@dataclass(frozen=True, slots=True)
class Seller:
    name: str
    address: tuple[str, ...]
    vat_number: str
    email: str

    @property
    def sender(self) -> str:
        """The From header of e-mails."""
        return formataddr((self.name, self.email), charset="utf-8")

    @property
    def lines(self) -> tuple[str, ...]:
        """As papers print it: name, address, e-mail."""
        return (self.name, *self.address, self.email)


def seller() -> Seller:
    """Lines of the address are separated by `;` or by `\\n`, written as two characters or as one."""
    address = env.listed("CONVEYOR_SELLER_ADDRESS", separator=r";|\\n|\n")
    return Seller(
        name=env.line("CONVEYOR_SELLER_NAME", EXAMPLE_NAME),
        address=address or _EXAMPLE_ADDRESS,
        vat_number=env.line("CONVEYOR_SELLER_VAT_NUMBER"),
        email=_email(),
    )


def currency() -> str:
    """`SHOP_CURRENCY`, the ISO 4217 code of money that some country has or had: neither gold nor the code for tests."""
    code, today = env.text("SHOP_CURRENCY", "EUR"), datetime.now(UTC).date()
    if not any(code in get_territory_currencies(one, _EARLIEST, today) for one in get_global("territory_currencies")):
        raise ImproperlyConfigured(
            f"SHOP_CURRENCY is {code!r}; it must be the ISO 4217 code of a country's money, such as EUR."
        )
    return code


def time_zone() -> str:
    """`SHOP_TIME_ZONE`: the zone of the shop's days, on papers and for tax rates and delivery dates."""
    name = env.text("SHOP_TIME_ZONE", "UTC")
    if name not in available_timezones() or not ZoneInfo(name):
        raise ImproperlyConfigured(f"SHOP_TIME_ZONE is {name!r}; it must be a zone such as Europe/Berlin.")
    return name


def tax_country() -> str:
    """`SHOP_TAX_COUNTRY`: the member state whose VAT each delivery in the EU has; empty for its destination's."""
    code = env.text("SHOP_TAX_COUNTRY").upper()
    if code and not _COUNTRY.fullmatch(code):
        raise ImproperlyConfigured(f"SHOP_TAX_COUNTRY is {code!r}; it must be a country's code, such as DE, or empty.")
    return code


def _email() -> str:
    addresses = env.emails("CONVEYOR_SELLER_EMAIL") or (_EXAMPLE_EMAIL,)
    if len(addresses) > 1:
        raise ImproperlyConfigured("CONVEYOR_SELLER_EMAIL names more than one e-mail address.")
    return addresses[0]
