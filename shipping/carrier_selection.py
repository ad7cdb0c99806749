"""Carrier selection: the cheapest carrier that serves the address and delivers in time."""

from django.conf import settings

from shipping.carriers import AddressRejected, Consignment, Quote, carrier, carriers


def choose_quote(*, consignment: Consignment) -> Quote:
    """The quote to book: the cheapest that is in time, or the fastest if none is.

    In time means by the last day of `SHIPPING_WORKING_DAYS`. Ties go to the carrier listed first in the settings.
    Raises `AddressRejected` if no carrier serves the address, and `KeyError` for an unknown shipping method.
    """
    promised = settings.SHIPPING_WORKING_DAYS[consignment.shipping_method][1]
    offers = quotes(consignment=consignment)
    if not offers:
        raise AddressRejected("not_served")
    in_time = [quote for quote in offers if quote.days[1] <= promised]
    return min(in_time, key=lambda quote: quote.price) if in_time else min(offers, key=lambda quote: quote.days[1])


def quotes(*, consignment: Consignment) -> list[Quote]:
    """The quotes of all carriers that accept the parcel, in the order of the settings."""
    offers = (each.quote(consignment=consignment) for each in carriers())
    return [quote for quote in offers if quote is not None]


def quote_of(*, name: str, consignment: Consignment) -> Quote | None:
    """The quote of the named carrier, whether or not it would be chosen."""
    return carrier(name).quote(consignment=consignment)
