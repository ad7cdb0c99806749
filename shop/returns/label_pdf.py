"""Return label, A6: from the shopper to the shop, with the return's number and, if booked, the carrier's bar code."""

from io import BytesIO

from django.conf import settings
from django.utils.translation import gettext as _
from reportlab.lib.units import mm

from orders.pdf import fonts
from orders.pdf.label import HEIGHT, MARGIN, draw_head, draw_number, draw_recipient, draw_sender, label, shopper
from orders.pdf.text import draw_string
from shop.models import Return


def return_label_pdf(*, found: Return) -> bytes:
    """In the order's language: the shopper prints it. Staff and carrier need only the addresses and the number."""
    output = BytesIO()
    with label(output, language=found.order.language) as canvas:
        title = _("Return %(number)s") % {"number": found.number}
        canvas.setTitle(title)
        draw_head(canvas, found.carrier or settings.SHOP_SELLER[0], _("RETURN"))
        draw_sender(canvas, shopper(found.order), height=24 * mm)
        top = HEIGHT - 45 * mm
        draw_recipient(canvas, settings.SHOP_SELLER[:-1], top=top, height=35 * mm)
        draw_string(canvas, MARGIN, top - 44 * mm, title, font=fonts.BOLD, size=11)
        draw_number(canvas, found.tracking_number or found.number, bottom=11 * mm, height=30 * mm)
    return output.getvalue()
