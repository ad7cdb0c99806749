"""Page layout of PDF documents: logo, seller address and page numbers."""

from collections.abc import Sequence
from functools import partial
from io import BytesIO
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, PageTemplate, Table

from orders.pdf import fonts
from orders.pdf.text import Text, draw_string

INK = HexColor("#1d1a2b")
GREY = HexColor("#5d5a6b")
LINE = HexColor("#d9d7e3")
BRAND = HexColor("#4a31d8")
_AMBER = HexColor("#ffb547")
_BROWN = HexColor("#c96f12")
_WHITE = HexColor("#ffffff")

MARGIN = 20 * mm
WIDTH = A4[0] - 2 * MARGIN
_HEADER = 24 * mm
_FOOTER = 18 * mm

TEXT = ParagraphStyle("text", fontName=fonts.REGULAR, fontSize=9.5, leading=13.5, textColor=INK)
SMALL = ParagraphStyle("small", parent=TEXT, fontSize=8, leading=11, textColor=GREY)
TITLE = ParagraphStyle("title", parent=TEXT, fontName=fonts.BOLD, fontSize=22, leading=27)
STRONG = ParagraphStyle("strong", parent=TEXT, fontName=fonts.BOLD)
RIGHT = ParagraphStyle("right", parent=TEXT, alignment=2)
SMALL_RIGHT = ParagraphStyle("small-right", parent=SMALL, alignment=2)
RIGHT_STRONG = ParagraphStyle("right-strong", parent=RIGHT, fontName=fonts.BOLD)


def render_pdf(flowables: Sequence[Flowable], *, title: str, seller: Sequence[str] = ()) -> bytes:
    """An A4 document of as many pages as `flowables` need. `title` goes into its properties.

    `seller` are the lines of name, address and e-mail, by default the present ones.
    """
    output, seller = BytesIO(), tuple(seller or settings.SHOP_SELLER)
    document = BaseDocTemplate(
        output,
        pagesize=A4,
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        title=title,
        author=seller[0],
        creator=seller[0],
    )
    frame = Frame(MARGIN, _FOOTER + 6 * mm, WIDTH, A4[1] - _HEADER - _FOOTER - 18 * mm, 0, 0, 0, 0)
    document.addPageTemplates([PageTemplate(frames=[frame])])
    document.build(list(flowables), canvasmaker=partial(_NumberedCanvas, seller=seller))
    return output.getvalue()


def paragraph(text: str, style: ParagraphStyle, *, max_lines: int | None = None) -> Text:
    """Text as it is, without markup. What exceeds `max_lines` is cut with an ellipsis."""
    return Text(text, style, max_lines=max_lines)


def padding(above: float) -> list[tuple[Any, ...]]:
    """Table style commands for the padding of all cells: `above` points above and below, none at the sides."""
    cells = ((0, 0), (-1, -1))
    return [
        ("LEFTPADDING", *cells, 0),
        ("RIGHTPADDING", *cells, 0),
        ("TOPPADDING", *cells, above),
        ("BOTTOMPADDING", *cells, above),
    ]


def side_by_side(left: Any, right: Any) -> Table:
    """Two halves of the page's width, such as an address and facts."""
    gap = ("RIGHTPADDING", (0, 0), (0, 0), 6 * mm)
    style = [("VALIGN", (0, 0), (-1, -1), "TOP"), *padding(0), gap]
    return Table([[left, right]], colWidths=[WIDTH / 2, WIDTH / 2], style=style)


class _NumberedCanvas(Canvas):
    """Holds back its pages until their number is known."""

    def __init__(self, *args: Any, seller: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._seller = seller
        self._pages: list[dict[str, Any]] = []

    def showPage(self) -> None:  # noqa: N802
        self._pages.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        for number, page in enumerate(self._pages, start=1):
            self.__dict__.update(page)
            _draw_header(self, self._seller[0])
            _draw_footer(
                self, self._seller, _("Page %(number)d of %(count)d") % {"number": number, "count": len(self._pages)}
            )
            super().showPage()
        super().save()


def _draw_header(canvas: Canvas, name: str) -> None:
    top = A4[1] - 14 * mm
    _draw_logo(canvas, MARGIN, top - 10 * mm, 10 * mm / 32)
    canvas.setFillColor(INK)
    draw_string(canvas, MARGIN + 13 * mm, top - 6.6 * mm, name, font=fonts.BOLD, size=15)


def _draw_logo(canvas: Canvas, x: float, y: float, scale: float) -> None:
    """The storefront's logo, a parcel on a conveyor belt: 32 units wide, y from the bottom."""
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


def _draw_footer(canvas: Canvas, seller: Sequence[str], page: str) -> None:
    canvas.setStrokeColor(LINE)
    canvas.line(MARGIN, _FOOTER, MARGIN + WIDTH, _FOOTER)
    canvas.setFillColor(GREY)
    below = _FOOTER - 5 * mm
    draw_string(canvas, MARGIN, below, " · ".join(seller), font=fonts.REGULAR, size=8)
    draw_string(canvas, MARGIN + WIDTH, below, page, font=fonts.REGULAR, size=8, align="right")
