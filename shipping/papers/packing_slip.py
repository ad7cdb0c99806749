"""What is in a parcel? A list for who packs it and who opens it, without prices: it may be a present."""

from babel import Locale
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, Spacer, Table

from orders.models import Order
from orders.paper import fonts
from orders.paper.sheet import BRAND, LINE, SMALL, STRONG, TEXT, TITLE, WIDTH, padding, paragraph, pdf
from shipping.models import Shipment

_COLUMNS = [22 * mm, 45 * mm, WIDTH - 67 * mm]


def packing_slip_pdf(shipment: Shipment) -> bytes:
    """A4, in the language the order was placed in."""
    fonts.register()
    order = shipment.order
    with translation.override(order.language):
        title = _("Packing slip %(number)s") % {"number": order.number}
        story = [
            paragraph(title, TITLE),
            Spacer(0, 6 * mm),
            _head(shipment),
            Spacer(0, 9 * mm),
            _goods(order),
        ]
        return pdf(story, title=title)


def _head(shipment: Shipment) -> Flowable:
    order = shipment.order
    names = Locale.parse(translation.to_locale(order.language)).territories
    address = [order.line1, f"{order.postcode} {order.city}".strip(), names.get(order.country, order.country)]
    facts = [
        (_("Order date"), date_format(order.placed_at, "DATE_FORMAT")),
        (_("Shipping"), f"{shipment.carrier}, {order.get_shipping_method_display()}"),
        (_("Tracking number"), shipment.tracking_number),
        (_("Pieces"), str(sum(line.quantity for line in order.lines.all()))),
    ]
    known = Table(
        [[paragraph(name, SMALL), paragraph(value, TEXT)] for name, value in facts],
        colWidths=[32 * mm, WIDTH / 2 - 32 * mm],
        style=[("VALIGN", (0, 0), (-1, -1), "TOP"), *padding(0, 1)],
    )
    to = [paragraph(_("Goes to"), SMALL), paragraph(order.name, STRONG), *(paragraph(part, TEXT) for part in address)]
    return Table(
        [[to, known]], colWidths=[WIDTH / 2, WIDTH / 2], style=[("VALIGN", (0, 0), (-1, -1), "TOP"), *padding(0, 0)]
    )


def _goods(order: Order) -> Flowable:
    """Its head comes again on every page."""
    head = [paragraph(word, STRONG) for word in (_("Quantity"), _("Sku"), _("Product"))]
    rows = [[paragraph(text, TEXT) for text in (str(each.quantity), each.sku, each.name)] for each in order.lines.all()]
    return Table(
        [head, *rows],
        colWidths=_COLUMNS,
        repeatRows=1,
        style=[
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LINEBELOW", (0, 0), (-1, 0), 1.2, BRAND),
            ("LINEBELOW", (0, 1), (-1, -1), 0.4, LINE),
            *padding(0, 4),
        ],
    )
