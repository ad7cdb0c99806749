"""What does every sheet of paper carry: the sign of the shop, its address, and which page of how many it is?"""

from collections.abc import Sequence
from io import BytesIO
from typing import Any

from django.conf import settings
from django.utils.html import escape
from django.utils.translation import gettext as _
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, PageTemplate, Paragraph

from orders.paper import fonts

INK = HexColor("#1d1a2b")
GREY = HexColor("#5d5a6b")
LINE = HexColor("#d9d7e3")
BRAND = HexColor("#4a31d8")
_AMBER = HexColor("#ffb547")
_BROWN = HexColor("#c96f12")
_WHITE = HexColor("#ffffff")

MARGIN = 20 * mm
WIDTH = A4[0] - 2 * MARGIN
_HEAD = 24 * mm
_FOOT = 18 * mm

TEXT = ParagraphStyle("text", fontName=fonts.REGULAR, fontSize=9.5, leading=13.5, textColor=INK)
SMALL = ParagraphStyle("small", parent=TEXT, fontSize=8, leading=11, textColor=GREY)
TITLE = ParagraphStyle("title", parent=TEXT, fontName=fonts.BOLD, fontSize=22, leading=27)
STRONG = ParagraphStyle("strong", parent=TEXT, fontName=fonts.BOLD)
RIGHT = ParagraphStyle("right", parent=TEXT, alignment=2)
RIGHT_STRONG = ParagraphStyle("right-strong", parent=RIGHT, fontName=fonts.BOLD)


def pdf(story: Sequence[Flowable], *, title: str) -> bytes:
    """An A4 document of as many pages as `story` needs. `title` stands in its properties and on every page's foot."""
    written = BytesIO()
    sheet = BaseDocTemplate(
        written,
        pagesize=A4,
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        title=title,
        author=settings.SHOP_SELLER[0],
        creator=settings.SHOP_SELLER[0],
    )
    frame = Frame(MARGIN, _FOOT + 6 * mm, WIDTH, A4[1] - _HEAD - _FOOT - 18 * mm, 0, 0, 0, 0)
    sheet.addPageTemplates([PageTemplate(frames=[frame])])
    sheet.build(list(story), canvasmaker=_NumberedCanvas)
    return written.getvalue()


def paragraph(text: str, style: ParagraphStyle) -> Paragraph:
    """What people typed in stays text, whatever signs are in it."""
    return Paragraph(escape(text), style)


def padding(side: float, above: float) -> list[tuple[Any, ...]]:
    """The commands of a table's style for the room in its cells."""
    every = ((0, 0), (-1, -1))
    return [
        ("LEFTPADDING", *every, side),
        ("RIGHTPADDING", *every, side),
        ("TOPPADDING", *every, above),
        ("BOTTOMPADDING", *every, above),
    ]


class _NumberedCanvas(Canvas):
    """Keeps its pages back until it knows how many there are."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._pages: list[dict[str, Any]] = []

    def showPage(self) -> None:  # noqa: N802
        self._pages.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        for number, page in enumerate(self._pages, start=1):
            self.__dict__.update(page)
            _draw_head(self)
            _draw_foot(self, _("Page %(number)d of %(count)d") % {"number": number, "count": len(self._pages)})
            super().showPage()
        super().save()


def _draw_head(canvas: Canvas) -> None:
    top = A4[1] - 14 * mm
    draw_sign(canvas, MARGIN, top - 10 * mm, 10 * mm / 32)
    canvas.setFont(fonts.BOLD, 15)
    canvas.setFillColor(INK)
    canvas.drawString(MARGIN + 13 * mm, top - 6.6 * mm, settings.SHOP_SELLER[0])


def draw_sign(canvas: Canvas, x: float, y: float, scale: float) -> None:
    """The shop's sign, a parcel on its belt, as in the storefront's logo: 32 units wide, counted from the bottom."""
    canvas.saveState()
    canvas.translate(x, y)
    canvas.scale(scale, scale)
    for color, left, bottom, width, height, radius in (
        (BRAND, 0, 0, 32, 32, 9),
        (_AMBER, 10.5, 15.5, 11, 10, 2.2),
        (_BROWN, 14.6, 21.8, 2.8, 3.7, 0.3),
        (_WHITE, 5, 6.5, 22, 7, 3.5),
    ):
        canvas.setFillColor(color)
        canvas.roundRect(left, bottom, width, height, radius, stroke=0, fill=1)
    canvas.setFillColor(BRAND)
    for wheel in (9, 16, 23):
        canvas.circle(wheel, 10, 1.6, stroke=0, fill=1)
    canvas.restoreState()


def _draw_foot(canvas: Canvas, page: str) -> None:
    canvas.setStrokeColor(LINE)
    canvas.line(MARGIN, _FOOT, MARGIN + WIDTH, _FOOT)
    canvas.setFont(fonts.REGULAR, 8)
    canvas.setFillColor(GREY)
    canvas.drawString(MARGIN, _FOOT - 5 * mm, " · ".join(settings.SHOP_SELLER))
    canvas.drawRightString(MARGIN + WIDTH, _FOOT - 5 * mm, page)
