"""Shipping label, A6: the address, and the tracking number as text, bar code and QR code."""

from io import BytesIO

from django.conf import settings
from django.utils.translation import gettext as _
from reportlab.graphics import renderPDF
from reportlab.graphics.barcode.qr import QrCodeWidget
from reportlab.graphics.shapes import Drawing
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from orders.pdf import fonts
from orders.pdf.label import HEIGHT, MARGIN, draw_head, draw_number, draw_recipient, draw_sender, label, shopper
from orders.pdf.text import draw_string
from shipping.models import Shipment
from shipping.selectors import tracking_url

_QR = 26 * mm


def label_pdf(shipment: Shipment) -> bytes:
    """In the order's language, which is read where the parcel goes."""
    output, order = BytesIO(), shipment.order
    with label(output, language=order.language) as canvas:
        canvas.setTitle(_("Label %(number)s") % {"number": shipment.tracking_number})
        draw_head(canvas, shipment.carrier, order.get_shipping_method_display().upper())
        draw_sender(canvas, settings.SHOP_SELLER[:-1], height=17 * mm)
        draw_recipient(canvas, shopper(order), top=HEIGHT - 37 * mm, height=39 * mm)
        _draw_qr(canvas, _link(shipment), MARGIN, 32 * mm)
        number, beside = _("Order %(number)s") % {"number": order.number}, MARGIN + _QR + 4 * mm
        draw_string(canvas, beside, 50 * mm, number, font=fonts.REGULAR, size=9)
        draw_string(canvas, beside, 44 * mm, f"{shipment.shipped_at:%Y-%m-%d}", font=fonts.REGULAR, size=9)
        draw_number(canvas, shipment.tracking_number, bottom=11 * mm, height=19 * mm)
    return output.getvalue()


def _draw_qr(canvas: Canvas, value: str, left: float, bottom: float) -> None:
    widget = QrCodeWidget(value, barLevel="M", barWidth=_QR, barHeight=_QR)
    drawing = Drawing(_QR, _QR)
    drawing.add(widget)
    renderPDF.draw(drawing, canvas, left, bottom)


def _link(shipment: Shipment) -> str:
    """The carrier's tracking page. Never the order's page: people who see a label must not see the order."""
    return tracking_url(shipment=shipment) or shipment.tracking_number
