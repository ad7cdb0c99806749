"""Return label, A6: from the shopper to the shop, with the return's number and, if booked, the carrier's bar code."""

from collections.abc import Sequence
from io import BytesIO

from babel import Locale
from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _
from reportlab.graphics.barcode.code128 import Code128
from reportlab.lib.pagesizes import A6
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import KeepInFrame

from orders.models import Order
from orders.pdf import fonts
from orders.pdf.layout import INK, SMALL, STRONG, paragraph
from shop.models import Return

_WIDTH, _HEIGHT = A6
_MARGIN = 6 * mm
_INSIDE = _WIDTH - 2 * _MARGIN
_WIDEST_BAR = 0.5 * mm
_TO = ParagraphStyle("return-to", parent=STRONG, fontSize=13, leading=16)


def return_label_pdf(*, found: Return) -> bytes:
    """Black on white, in the shop's language, because the carrier's and the shop's staff read it."""
    fonts.register()
    output = BytesIO()
    with translation.override(settings.LANGUAGE_CODE):
        canvas = Canvas(output, pagesize=A6, invariant=1)
        canvas.setTitle(_("Return %(number)s") % {"number": found.number})
        canvas.setFillColor(INK)
        _draw_header(canvas, found)
        _draw_text(canvas, [_("From"), *_sender(found.order)], top=_HEIGHT - 19 * mm, height=24 * mm)
        box = _HEIGHT - 45 * mm
        canvas.roundRect(_MARGIN, box - 36 * mm, _INSIDE, 35 * mm, 2 * mm)
        to = [_("To"), *settings.SHOP_SELLER[:-1]]
        _draw_text(canvas, to, top=box - 3 * mm, height=31 * mm, style=_TO, indent=3 * mm)
        canvas.setFont(fonts.BOLD, 11)
        canvas.drawString(_MARGIN, box - 44 * mm, _("Return %(number)s") % {"number": found.number})
        _draw_code(canvas, found.tracking_number or found.number)
        canvas.save()
    return output.getvalue()


def _draw_header(canvas: Canvas, found: Return) -> None:
    top = _HEIGHT - 13 * mm
    canvas.setFont(fonts.BOLD, 17)
    canvas.drawString(_MARGIN, top, found.carrier or settings.SHOP_SELLER[0])
    canvas.drawRightString(_WIDTH - _MARGIN, top, _("RETURN"))
    canvas.line(_MARGIN, top - 3 * mm, _WIDTH - _MARGIN, top - 3 * mm)


def _sender(order: Order) -> list[str]:
    country = Locale("en").territories.get(order.country, order.country).upper()
    return [order.name, *order.address.lines, country]


def _draw_text(
    canvas: Canvas,
    lines: Sequence[str],
    *,
    top: float,
    height: float,
    style: ParagraphStyle = SMALL,
    indent: float = 0,
) -> None:
    """A small heading and its lines, shrunk to fit."""
    paragraphs = [paragraph(lines[0], SMALL), *(paragraph(line, style) for line in lines[1:])]
    block = KeepInFrame(_INSIDE - 2 * indent, height, paragraphs, mode="shrink")
    _width, used = block.wrapOn(canvas, _INSIDE - 2 * indent, height)
    block.drawOn(canvas, _MARGIN + indent, top - used)


def _draw_code(canvas: Canvas, number: str) -> None:
    """As wide as the label allows. The number of modules is known only after encoding."""
    modules = Code128(number, barWidth=1, quiet=True).width
    bars = Code128(number, barWidth=min(_WIDEST_BAR, _WIDTH / modules), barHeight=30 * mm, quiet=True)
    bars.drawOn(canvas, (_WIDTH - bars.width) / 2, 11 * mm)
    canvas.setFont(fonts.BOLD, 12)
    canvas.drawCentredString(_WIDTH / 2, 5.5 * mm, number)
