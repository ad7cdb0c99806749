"""What the A6 labels of shipments and returns have in common: black on white, in their readers' language."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from typing import Final

from babel import Locale
from django.conf import settings
from django.utils import translation
from django.utils.translation import pgettext
from reportlab.graphics.barcode.code128 import Code128
from reportlab.lib.pagesizes import A6
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import KeepInFrame

from orders.models import Order
from orders.pdf import fonts
from orders.pdf.layout import INK, SMALL, STRONG, paragraph
from orders.pdf.text import draw_string

WIDTH, HEIGHT = A6
MARGIN: Final = 6 * mm
_INSIDE = WIDTH - 2 * MARGIN
#: Width of the narrowest bar. Much narrower ones are hard to scan; wider ones gain nothing.
_WIDEST_MODULE = 0.5 * mm
#: Of each part of an address.
_MAX_LINES = 2
_TO = ParagraphStyle("to", parent=STRONG, fontSize=13, leading=16)


@contextmanager
def label(output: BytesIO, *, language: str) -> Iterator[Canvas]:
    """A canvas in `language`, or in the shop's if that is empty, written to `output` at the end."""
    fonts.register()
    with translation.override(language or settings.LANGUAGE_CODE):
        canvas = Canvas(output, pagesize=A6, invariant=1)
        canvas.setFillColor(INK)
        yield canvas
        canvas.save()


def draw_head(canvas: Canvas, left: str, right: str) -> None:
    top = HEIGHT - 13 * mm
    draw_string(canvas, MARGIN, top, left, font=fonts.BOLD, size=17)
    draw_string(canvas, WIDTH - MARGIN, top, right, font=fonts.BOLD, size=17, align="right")
    canvas.line(MARGIN, top - 3 * mm, WIDTH - MARGIN, top - 3 * mm)


def shopper(order: Order) -> list[str]:
    """Postal convention: the country last, in English, in capitals."""
    country = Locale("en").territories.get(order.country, order.country).upper()
    return [order.name, *order.address.lines, country]


def draw_sender(canvas: Canvas, lines: Sequence[str], *, height: float) -> None:
    lines = [pgettext("sender of a parcel", "From"), *lines]
    _draw_text(canvas, lines, top=HEIGHT - 19 * mm, height=height, style=SMALL)


def draw_recipient(canvas: Canvas, lines: Sequence[str], *, top: float, height: float) -> None:
    """In a box."""
    lines = [pgettext("recipient of a parcel", "To"), *lines]
    canvas.roundRect(MARGIN, top - height - mm, _INSIDE, height, 2 * mm)
    _draw_text(canvas, lines, top=top - 3 * mm, height=height - 4 * mm, style=_TO, indent=3 * mm)


def draw_number(canvas: Canvas, number: str, *, bottom: float, height: float) -> None:
    """As a bar code as wide as the label allows, and below as text."""
    modules = Code128(number, barWidth=1, quiet=True).width  # known only after encoding
    bars = Code128(number, barWidth=min(_WIDEST_MODULE, WIDTH / modules), barHeight=height, quiet=True)
    bars.drawOn(canvas, (WIDTH - bars.width) / 2, bottom)
    draw_string(canvas, WIDTH / 2, 5.5 * mm, number, font=fonts.BOLD, size=12, align="center")


def _draw_text(
    canvas: Canvas, lines: Sequence[str], *, top: float, height: float, style: ParagraphStyle, indent: float = 0
) -> None:
    """A small heading and its lines, shrunk to fit; what would make them unreadably small is cut."""
    paragraphs = [paragraph(lines[0], SMALL), *(paragraph(line, style, max_lines=_MAX_LINES) for line in lines[1:])]
    block = KeepInFrame(_INSIDE - 2 * indent, height, paragraphs, mode="shrink")
    _width, used = block.wrapOn(canvas, _INSIDE - 2 * indent, height)
    block.drawOn(canvas, MARGIN + indent, top - used)
