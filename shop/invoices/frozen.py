"""What an invoice or a credit note says, frozen as JSON when it is issued.

A later change of the seller, of a product, an address, a rate or a translation changes none of it.
"""

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any, Final

from django.conf import settings
from django.utils import timezone, translation

from messaging.models import Cursor
from orders.compiled import Compiled
from orders.models import AmountLine, Order, OrderLine
from payments.gateways import method_label
from payments.models import Payment
from shipping.models import Shipment
from shop.checkout.countries import country_name
from shop.invoices.taxes import TaxedAt, by_rate
from shop.models import Invoice
from shop.models.invoices import Paper

_AMOUNTS = Compiled(lambda order: AmountLine.objects.filter(order=order))
_LINES = Compiled(lambda order: OrderLine.objects.filter(order=order))
#: The last year of which retention has deleted papers.
DELETED: Final = "deleted papers"


def shop_day(at: datetime) -> date:
    """The day in the shop's zone, whoever looks at it."""
    return timezone.localtime(at, timezone.get_default_timezone()).date()


def kept_until(issued_on: date) -> date:
    """The last day on which the law may ask for a paper issued on this day: periods end with the calendar year."""
    return date(issued_on.year + settings.CONVEYOR_KEEP_INVOICES_YEARS, 12, 31)


def last_day_kept(paper: Paper) -> date:
    """By what was set when it was issued, or by what is set now: whichever is longer."""
    return max(paper.kept_until, kept_until(paper.issued_on))


def first_day_kept(today: date) -> date:
    """The beginning of the oldest year whose papers are kept."""
    return date(today.year - settings.CONVEYOR_KEEP_INVOICES_YEARS, 1, 1)


def kept_since(now: datetime) -> datetime:
    """As `first_day_kept`, in the shop's zone."""
    return datetime.combine(first_day_kept(shop_day(now)), time.min, tzinfo=timezone.get_default_timezone())


def missed_since(now: datetime) -> datetime:
    """Since when a payment without an invoice lacks one.

    Nothing is missing of a year of which papers were deleted, even if what is set now would keep them.
    """
    deleted = Cursor.read(DELETED).get("year", 0)
    return max(kept_since(now), datetime(deleted + 1, 1, 1, tzinfo=timezone.get_default_timezone()))


def invoice_data(payment: Payment) -> dict[str, Any]:
    """Everything that the invoice of a captured payment says, in its order's language."""
    order: Order = payment.order
    amounts = _AMOUNTS.all(order=order.pk)
    parcel: Shipment | None = getattr(order, "shipment", None)
    with translation.override(order.language):
        return {
            "seller": _seller(),
            "buyer": [
                order.name,
                *order.address.lines,
                country_name(order.country),
                order.email,
            ],
            "country": order.country,
            "language": order.language,
            "order": order.number,
            "ordered_on": str(shop_day(order.placed_at)),
            "supplied_on": str(shop_day(parcel.shipped_at)) if parcel else None,
            "paid_on": str(shop_day(payment.captured_at or timezone.now())),
            "paid_with": method_label(payment.method),
            "shipping": str(order.get_shipping_method_display()),
            "tracking_number": parcel.tracking_number if parcel else "",
            "is_demo": settings.CONVEYOR_DEMO,
            "lines": _lines(order),
            "amounts": [_amount(each) for each in amounts],
            "taxes": [each.as_data() for each in by_rate(amounts)],
        }


def credit_note_data(invoice: Invoice, taxes: Sequence[TaxedAt]) -> dict[str, Any]:
    """Everything that the credit note of a refund says. Seller and buyer are those of the invoice."""
    frozen = invoice.data
    kept = ("seller", "buyer", "country", "language", "order", "paid_with", "is_demo")
    return {
        **{name: frozen[name] for name in kept},
        "invoice": invoice.number,
        "invoiced_on": str(invoice.issued_on),
        "taxes": [each.as_data() for each in taxes],
    }


def taxes_in(data: dict[str, Any]) -> list[TaxedAt]:
    """Tax by rate in the data of a paper."""
    return [TaxedAt.of(each) for each in data["taxes"]]


def _seller() -> dict[str, Any]:
    return {"lines": list(settings.SHOP_SELLER), "vat_number": settings.CONVEYOR_SELLER_VAT_NUMBER}


def _lines(order: Order) -> list[dict[str, Any]]:
    fields = ("sku", "name", "quantity", "unit_price", "total")
    return [{field: getattr(line, field) for field in fields} for line in _LINES.all(order=order.pk)]


def _amount(line: AmountLine) -> dict[str, Any]:
    return {"kind": line.kind, "rate": line.rate, "amount": line.amount, "is_included": line.is_included}
