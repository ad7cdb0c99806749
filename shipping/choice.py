"""Which carrier gets a parcel? The cheapest of those that go there and keep what the shop has promised."""

from django.conf import settings

from shipping.carriers import AddressRejected, Consignment, Quote, carrier, carriers


def choose(*, consignment: Consignment) -> Quote:
    """The quote to book: the cheapest in time, or, where nobody is in time, the fastest.

    The promise is the last day of `SHIPPING_WORKING_DAYS`; of equals, the carrier that the settings name first is
    taken. Raises `AddressRejected` where nobody goes, and `KeyError` for an unknown shipping method.
    """
    promised = settings.SHIPPING_WORKING_DAYS[consignment.shipping_method][1]
    found = quotes(consignment=consignment)
    if not found:
        raise AddressRejected("not_served")
    in_time = [quote for quote in found if quote.days[1] <= promised]
    return min(in_time, key=lambda quote: quote.price) if in_time else min(found, key=lambda quote: quote.days[1])


def quotes(*, consignment: Consignment) -> list[Quote]:
    """What each carrier that takes the parcel would want for it, in the order of the settings."""
    asked = (each.quote(consignment=consignment) for each in carriers())
    return [quote for quote in asked if quote is not None]


def quote_of(*, name: str, consignment: Consignment) -> Quote | None:
    """What the carrier of this name would want, whether or not it would be chosen."""
    return carrier(name).quote(consignment=consignment)
