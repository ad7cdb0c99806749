"""Shipping label, A6: the address, and the tracking number as text, bar code and QR code."""

from collections.abc import Sequence
from io import BytesIO

from babel import Locale
from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _
from reportlab.graphics import renderPDF
from reportlab.graphics.barcode.code128 import Code128
from reportlab.graphics.barcode.qr import QrCodeWidget
from reportlab.graphics.shapes import Drawing
from reportlab.lib.pagesizes import A6
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import KeepInFrame

from orders.models import Order
from orders.pdf import fonts
from orders.pdf.layout import INK, SMALL, STRONG, paragraph
from orders.pdf.text import draw_string
from shipping.carriers import carrier
from shipping.models import Shipment

_WIDTH, _HEIGHT = A6
_MARGIN = 6 * mm
_INSIDE = _WIDTH - 2 * _MARGIN
_QR = 26 * mm
#: Width of the narrowest bar. Much narrower ones are hard to scan; wider ones gain nothing.
_WIDEST_MODULE = 0.5 * mm
#: Of each part of an address.
_MAX_LINES = 2
_TO = ParagraphStyle("to", parent=STRONG, fontSize=13, leading=16)


def label_pdf(shipment: Shipment) -> bytes:
    """Black on white, in the shop's language, because the carrier's staff reads it."""
    fonts.register()
    output = BytesIO()
    with translation.override(settings.LANGUAGE_CODE):
        canvas = Canvas(output, pagesize=A6, invariant=1)
        canvas.setTitle(_("Label %(number)s") % {"number": shipment.tracking_number})
        canvas.setFillColor(INK)
        _draw_header(canvas, shipment)
        _draw_text(canvas, [_("From"), *settings.SHOP_SELLER[:-1]], top=_HEIGHT - 19 * mm, height=17 * mm)
        _draw_recipient(canvas, shipment.order)
        _draw_codes(canvas, shipment)
        canvas.save()
    return output.getvalue()


def _draw_header(canvas: Canvas, shipment: Shipment) -> None:
    top = _HEIGHT - 13 * mm
    method = shipment.order.get_shipping_method_display().upper()
    draw_string(canvas, _MARGIN, top, shipment.carrier, font=fonts.BOLD, size=17)
    draw_string(canvas, _WIDTH - _MARGIN, top, method, font=fonts.BOLD, size=17, align="right")
    canvas.line(_MARGIN, top - 3 * mm, _WIDTH - _MARGIN, top - 3 * mm)


def _draw_recipient(canvas: Canvas, order: Order) -> None:
    """Postal convention: the country last, in English, in capitals."""
    country = Locale("en").territories.get(order.country, order.country).upper()
    lines = [order.name, *order.address.lines, country]
    box = _HEIGHT - 37 * mm
    canvas.roundRect(_MARGIN, box - 40 * mm, _INSIDE, 39 * mm, 2 * mm)
    _draw_text(canvas, [_("To"), *lines], top=box - 3 * mm, height=35 * mm, style=_TO, indent=3 * mm)


def _draw_text(
    canvas: Canvas,
    lines: Sequence[str],
    *,
    top: float,
    height: float,
    style: ParagraphStyle = SMALL,
    indent: float = 0,
) -> None:
    """A small heading and its lines, shrunk to fit; what would make them unreadably small is cut."""
    paragraphs = [paragraph(lines[0], SMALL), *(paragraph(line, style, max_lines=_MAX_LINES) for line in lines[1:])]
    block = KeepInFrame(_INSIDE - 2 * indent, height, paragraphs, mode="shrink")
    _width, used = block.wrapOn(canvas, _INSIDE - 2 * indent, height)
    block.drawOn(canvas, _MARGIN + indent, top - used)


def _draw_codes(canvas: Canvas, shipment: Shipment) -> None:
    number, left = shipment.tracking_number, _MARGIN
    bottom = 35 * mm
    _draw_qr(canvas, _link(shipment), left, bottom - 3 * mm)
    order, beside = _("Order %(number)s") % {"number": shipment.order.number}, left + _QR + 4 * mm
    draw_string(canvas, beside, bottom + 15 * mm, order, font=fonts.REGULAR, size=9)
    draw_string(canvas, beside, bottom + 9 * mm, f"{shipment.shipped_at:%Y-%m-%d}", font=fonts.REGULAR, size=9)
    _draw_bars(canvas, number, bottom - 24 * mm)
    draw_string(canvas, _WIDTH / 2, 5.5 * mm, number, font=fonts.BOLD, size=12, align="center")


def _draw_qr(canvas: Canvas, value: str, left: float, bottom: float) -> None:
    widget = QrCodeWidget(value, barLevel="M", barWidth=_QR, barHeight=_QR)
    drawing = Drawing(_QR, _QR)
    drawing.add(widget)
    renderPDF.draw(drawing, canvas, left, bottom)


def _draw_bars(canvas: Canvas, number: str, bottom: float) -> None:
    """As wide as the label allows. The number of modules is known only after encoding."""
    modules = Code128(number, barWidth=1, quiet=True).width
    bars = Code128(number, barWidth=min(_WIDEST_MODULE, _WIDTH / modules), barHeight=19 * mm, quiet=True)
    bars.drawOn(canvas, (_WIDTH - bars.width) / 2, bottom)


def _link(shipment: Shipment) -> str:
    """The carrier's tracking page. Never the order's page: people who see a label must not see the order."""
    url = carrier(shipment.carrier).tracking_url(tracking_number=shipment.tracking_number)
    return url or shipment.tracking_number
