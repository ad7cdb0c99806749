"""Renders the invoice of an order as a PDF."""

from datetime import datetime

from django.conf import settings
from django.utils.formats import date_format
from django.utils.html import escape
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, KeepTogether, Paragraph, Spacer, Table

from orders.models import Order, OrderLine, Status
from orders.money import display
from orders.pdf import fonts
from orders.pdf.layout import (
    BRAND,
    LINE,
    RIGHT,
    RIGHT_STRONG,
    SMALL,
    STRONG,
    TEXT,
    TITLE,
    WIDTH,
    padding,
    paragraph,
    render_pdf,
)
from payments.models import PaymentStatus
from shop.checkout.countries import countries
from shop.invoices.numbering import invoice_number
from shop.order_pages.selectors import OrderView

_COLUMNS = [18 * mm, WIDTH - 78 * mm, 30 * mm, 30 * mm]


def invoice_pdf(*, view: OrderView, paid_with: str) -> bytes:
    """The invoice of a paid order, in the active language. `paid_with` is the label of the payment method."""
    fonts.register()
    order = view.order
    title = _("Invoice %(number)s") % {"number": invoice_number(order)}
    flowables = [
        Paragraph(escape(title), TITLE),
        Spacer(0, 6 * mm),
        _parties(view),
        Spacer(0, 9 * mm),
        _lines(view),
        KeepTogether([_sums(order), *_closing(view, paid_with)]),
    ]
    return render_pdf(flowables, title=title)


def changeable_parts(*, view: OrderView, paid_with: str) -> list[str]:
    """Everything on an invoice that may change after it was issued."""
    order, parcel = view.order, view.shipment
    buyer = [order.name, *order.address.lines, order.country, order.email]
    return [*buyer, parcel.tracking_number if parcel else "", *_payment(view, paid_with)]


def _closing(view: OrderView, paid_with: str) -> list[Flowable]:
    return [
        Spacer(0, 8 * mm),
        *(paragraph(text, TEXT) for text in _payment(view, paid_with)),
        Spacer(0, 3 * mm),
        *(paragraph(text, SMALL) for text in _remarks(view)),
    ]


def _parties(view: OrderView) -> Flowable:
    order = view.order
    buyer = [order.name, *order.address.lines, _country(order.country), order.email]
    facts = [
        (_("Invoice number"), invoice_number(order)),
        (_("Invoice date"), _day(view.paid_at or order.placed_at)),
        (_("Order date"), _day(order.placed_at)),
        (_("Shipping"), order.get_shipping_method_display()),
        *([(_("Tracking number"), view.shipment.tracking_number)] if view.shipment else []),
    ]
    known = Table(
        [[paragraph(name, SMALL), paragraph(value, TEXT)] for name, value in facts],
        colWidths=[32 * mm, WIDTH / 2 - 32 * mm],
        style=[("VALIGN", (0, 0), (-1, -1), "TOP"), *padding(0, 1)],
    )
    to = [paragraph(_("Billed to"), SMALL), paragraph(buyer[0], STRONG), *(paragraph(b, TEXT) for b in buyer[1:])]
    return Table(
        [[to, known]],
        colWidths=[WIDTH / 2, WIDTH / 2],
        style=[("VALIGN", (0, 0), (-1, -1), "TOP"), *padding(0, 0)],
    )


def _lines(view: OrderView) -> Flowable:
    """Lines table, whose header repeats on every page."""
    head = [
        paragraph(_("Quantity"), STRONG),
        paragraph(_("Product"), STRONG),
        paragraph(_("Unit price"), RIGHT_STRONG),
        paragraph(_("Total"), RIGHT_STRONG),
    ]
    return Table(
        [head, *(_line(view.order, line) for line in view.lines)],
        colWidths=_COLUMNS,
        repeatRows=1,
        style=[
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LINEBELOW", (0, 0), (-1, 0), 1.2, BRAND),
            ("LINEBELOW", (0, 1), (-1, -1), 0.4, LINE),
            *padding(0, 4),
        ],
    )


def _line(order: Order, line: OrderLine) -> list[Flowable]:
    name = Paragraph(f'{escape(line.name)}<br/><font size="7.5" color="#5d5a6b">{escape(line.sku)}</font>', TEXT)
    return [
        paragraph(str(line.quantity), TEXT),
        name,
        paragraph(display(line.unit_price, order.currency), RIGHT),
        paragraph(display(line.total, order.currency), RIGHT),
    ]


def _sums(order: Order) -> Flowable:
    shipping = display(order.shipping_price, order.currency) if order.shipping_price else _("free")
    rows = [
        (_("Subtotal"), display(order.subtotal, order.currency), RIGHT),
        (_("Shipping"), shipping, RIGHT),
        (_("Total"), display(order.total, order.currency), RIGHT_STRONG),
    ]
    return Table(
        [["", paragraph(name, style), paragraph(amount, style)] for name, amount, style in rows],
        colWidths=[WIDTH - 80 * mm, 50 * mm, 30 * mm],
        style=[("LINEABOVE", (1, -1), (-1, -1), 0.8, BRAND), *padding(0, 4)],
    )


def _payment(view: OrderView, paid_with: str) -> list[str]:
    """Payment status as recorded, including credit notes."""
    values = {"method": paid_with, "day": _day(view.paid_at or view.order.placed_at)}
    lines = [_("Paid on %(day)s: %(method)s.") % values]
    refunded = view.payment.refunded if view.payment else 0
    if view.payment and view.payment.status == PaymentStatus.REFUNDED:
        lines.append(_("Credit note: the full amount was refunded."))
    elif refunded:
        amount = display(refunded, view.order.currency)
        lines.append(_("Credit note: %(amount)s was refunded.") % {"amount": amount})
    elif view.order.status == Status.CANCELLED:
        lines.append(_("This order was cancelled. The full amount is being refunded."))
    return lines


def _remarks(view: OrderView) -> list[str]:
    remarks = view.tax_notes
    if settings.CONVEYOR_DEMO:
        remarks.append(_("Demo shop: nothing is shipped and no money is charged."))
    return remarks


def _country(code: str) -> str:
    return dict(countries()).get(code, code)


def _day(at: datetime) -> str:
    return date_format(localtime(at), "DATE_FORMAT")
