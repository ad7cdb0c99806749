"""Packing slip, A4: the contents of a parcel, without prices, because it may be a gift."""

from babel import Locale
from django.utils import translation
from django.utils.translation import gettext as _
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, Spacer, Table

from orders.models import Order
from orders.pdf import fonts
from orders.pdf.layout import (
    BRAND,
    LINE,
    SMALL,
    STRONG,
    TEXT,
    TITLE,
    WIDTH,
    padding,
    paragraph,
    render_pdf,
    side_by_side,
)
from shipping.models import Shipment

_COLUMNS = [22 * mm, 45 * mm, WIDTH - 67 * mm]


def packing_slip_pdf(shipment: Shipment) -> bytes:
    """In the language that the order was placed in."""
    fonts.register()
    order = shipment.order
    with translation.override(order.language):
        title = _("Packing slip %(number)s") % {"number": order.number}
        content = [
            paragraph(title, TITLE),
            Spacer(0, 6 * mm),
            _header(shipment),
            Spacer(0, 9 * mm),
            _contents(order),
        ]
        return render_pdf(content, title=title)


def _header(shipment: Shipment) -> Flowable:
    order = shipment.order
    names = Locale.parse(translation.to_locale(order.language)).territories
    address = [*order.address.lines, names.get(order.country, order.country)]
    facts = [
        (_("Order date"), order.placed_at.strftime("%Y-%m-%d")),
        (_("Shipping"), f"{shipment.carrier}, {order.get_shipping_method_display()}"),
        (_("Tracking number"), shipment.tracking_number),
        (_("Items"), str(sum(line.quantity for line in order.lines.all()))),
    ]
    details = Table(
        [[paragraph(name, SMALL), paragraph(value, TEXT)] for name, value in facts],
        colWidths=[32 * mm, WIDTH / 2 - 32 * mm],
        style=[("VALIGN", (0, 0), (-1, -1), "TOP"), *padding(1)],
    )
    to = [
        paragraph(_("Ship to"), SMALL),
        paragraph(order.name, STRONG),
        *(paragraph(part, TEXT) for part in address),
    ]
    return side_by_side(to, details)


def _contents(order: Order) -> Flowable:
    """The table repeats its header on every page."""
    header = [paragraph(text, STRONG) for text in (_("Quantity"), _("SKU"), _("Product"))]
    rows = [[paragraph(text, TEXT) for text in (str(line.quantity), line.sku, line.name)] for line in order.lines.all()]
    return Table(
        [header, *rows],
        colWidths=_COLUMNS,
        repeatRows=1,
        style=[
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LINEBELOW", (0, 0), (-1, 0), 1.2, BRAND),
            ("LINEBELOW", (0, 1), (-1, -1), 0.4, LINE),
            *padding(4),
        ],
    )
