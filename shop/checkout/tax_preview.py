"""VAT as the checkout page shows it: of the basket, for the country in the form and each shipping method."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import gettext as _

from orders.amounts.tax import tax_in
from orders.amounts.texts import tax_notes
from shop.basket.contents import Contents
from shop.checkout.countries import countries
from shop.checkout.shipping_options import ShippingOption
from shop.tax.selectors import amounts_of, tax_day


@dataclass(frozen=True, slots=True)
class TaxPreview:
    """`country` is the destination's name, empty until one is chosen. `notes` are sentences by shipping method."""

    country: str
    notes: list[tuple[str, list[str]]]


def tax_preview(*, contents: Contents, offers: Iterable[ShippingOption], country: str, postcode: str) -> TaxPreview:
    """`country` is an ISO 3166-1 code; for one that the form does not offer, the general sentence."""
    name = dict(countries()).get(country, "")
    if not name:
        return TaxPreview("", [(offer.method, [_("Prices include VAT.")]) for offer in offers])
    today = tax_day(timezone.now())
    notes = []
    for offer in offers:
        amounts = amounts_of(
            goods=contents.by_tax_class, delivery=offer.price, country=country, postcode=postcode, on=today
        )
        notes.append((offer.method, tax_notes(tax=tax_in(amounts), currency=contents.currency)))
    return TaxPreview(name, notes)
