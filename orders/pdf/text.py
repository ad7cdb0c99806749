"""Text of PDF documents, in any script: as a paragraph that wraps, or on one line."""

import unicodedata
from collections.abc import Sequence

from reportlab.lib.enums import TA_CENTER, TA_RIGHT
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfgen.canvas import Canvas
from reportlab.pdfgen.textobject import PDFTextObject
from reportlab.platypus import Flowable

from orders.pdf import fonts
from orders.pdf.characters import Cluster, clusters, printable
from orders.pdf.shaping import Run, runs, starts_rtl, width

_BASE = (fonts.REGULAR, fonts.BOLD)
_ELLIPSIS = "…"
#: Only Noto Sans has a bold font. The others are outlined by a line of this width, per mille of the font size. The
#: thinner one, below a size in points, leaves dense characters readable.
_OUTLINE, _THIN_OUTLINE, _THIN_BELOW = 25, 18, 11
#: A move of less than this, per mille of the font size, is one of rounding.
_ROUNDING = 0.6


class Text(Flowable):
    """A paragraph. Words wrap, words that are too long break, and what exceeds `max_lines` is cut with an ellipsis."""

    def __init__(self, text: str, style: ParagraphStyle, *, max_lines: int | None = None) -> None:
        super().__init__()
        self.style, self._max_lines = style, max_lines
        self._is_bold = style.fontName == fonts.BOLD
        self._text = printable(text)
        self._clusters = clusters(self._text, is_bold=self._is_bold)
        self._lines: list[list[Cluster]] = []
        self._wrapped_for = 0.0

    def wrap(self, available_width: float, _available_height: float) -> tuple[float, float]:
        """Tables ask three times for the same width."""
        if available_width != self._wrapped_for:
            limit = available_width * 1000 / self.style.fontSize
            self._lines = wrapped(self._clusters, limit, self._max_lines)
            self._wrapped_for = available_width
        self.width, self.height = available_width, len(self._lines) * self.style.leading
        return self.width, self.height

    def draw(self) -> None:
        style, is_rtl = self.style, starts_rtl(self._text)
        self.canv.setFillColor(style.textColor)
        self.canv.setStrokeColor(style.textColor)
        for number, line in enumerate(self._lines):
            visual = runs(line, is_rtl=is_rtl)
            free = self.width - sum(run.width for run in visual) * style.fontSize / 1000
            left = {TA_RIGHT: free, TA_CENTER: free / 2}.get(style.alignment, 0)
            y = self.height - number * style.leading - style.fontSize
            _draw(self.canv, left, y, line, visual, style.fontSize, self._is_bold)


def draw_string(canvas: Canvas, x: float, y: float, text: str, *, font: str, size: float, align: str = "left") -> None:
    """Draw `text` on one line, to the right of `x`, to its left (`align="right"`), or centred on it."""
    is_bold = font == fonts.BOLD
    line = clusters(printable(text), is_bold=is_bold)
    visual = runs(line)
    taken = sum(run.width for run in visual) * size / 1000
    _draw(canvas, x - {"left": 0, "right": taken, "center": taken / 2}[align], y, line, visual, size, is_bold)


def wrapped(text: Sequence[Cluster], limit: float, max_lines: int | None = None) -> list[list[Cluster]]:
    """Lines of at most `limit`, per mille of the font size. A cluster that is wider has a line of its own."""
    lines: list[list[Cluster]] = []
    line: list[Cluster] = []
    for piece in (part for word in _words(text) for part in _broken(word, limit)):
        if line and width(_trimmed([*line, *piece])) > limit:
            lines.append(_trimmed(line))
            line = []
            if max_lines is not None and len(lines) > max_lines:
                break  # nothing after it is shown
        line = [*line, *piece]
    if _trimmed(line):
        lines.append(_trimmed(line))
    if max_lines is not None and len(lines) > max_lines:
        lines = [*lines[: max_lines - 1], _shortened(lines[max_lines - 1], limit)]
    return lines


def _words(text: Sequence[Cluster]) -> list[list[Cluster]]:
    """Pieces after which a line may end: words with their space, and single characters of East Asian scripts."""
    words: list[list[Cluster]] = [[]]
    for cluster in text:
        if _is_wide(cluster) and words[-1] and not _is_closing(cluster):
            words.append([])
        words[-1].append(cluster)
        if cluster.text in (" ", "-") or _is_wide(cluster):
            words.append([])
    return [word for word in words if word]


def _is_wide(cluster: Cluster) -> bool:
    return unicodedata.east_asian_width(cluster.text[0]) in "WF"


def _is_closing(cluster: Cluster) -> bool:
    """Closing brackets, commas and full stops never begin a line."""
    return unicodedata.category(cluster.text[0]) in ("Pe", "Pf", "Po")


def _broken(word: list[Cluster], limit: float) -> list[list[Cluster]]:
    if width(_trimmed(word)) <= limit:
        return [word]
    pieces: list[list[Cluster]] = [[]]
    for cluster in word:
        if pieces[-1] and width([*pieces[-1], cluster]) > limit:
            pieces.append([])
        pieces[-1].append(cluster)
    return pieces


def _trimmed(line: list[Cluster]) -> list[Cluster]:
    start, end = 0, len(line)
    while end and line[end - 1].text == " ":
        end -= 1
    while start < end and line[start].text == " ":
        start += 1
    return line[start:end]


def _shortened(line: list[Cluster], limit: float) -> list[Cluster]:
    end = Cluster(_ELLIPSIS, fonts.REGULAR)
    kept = list(line)
    while kept and width([*kept, end]) > limit:
        kept.pop()
    return [*_trimmed(kept), end]


def _draw(
    canvas: Canvas, x: float, y: float, line: Sequence[Cluster], visual: Sequence[Run], size: float, is_bold: bool
) -> None:
    """Readers of the file get the text as it was written, whatever glyphs it has and wherever they are."""
    is_plain = all(run.font in _BASE for run in visual)
    if not is_plain:
        text = "".join(cluster.text for cluster in line).encode("utf-16-be", "replace").hex().upper()
        canvas._code.append(f"/Span <</ActualText <FEFF{text}>>> BDC")
    drawn = canvas.beginText(x, y)
    for run in visual:
        _draw_run(drawn, run, size, is_bold and run.font not in _BASE)
    canvas.drawText(drawn)
    if not is_plain:
        canvas._code.append("EMC")


def _draw_run(drawn: PDFTextObject, run: Run, size: float, is_outlined: bool) -> None:
    """Glyphs that follow each other by their own advance are written together."""
    font, unit = fonts.font(run.font), size / 1000
    x, y = drawn.getX(), drawn.getY()
    drawn.setFont(run.font, size)
    if is_outlined:
        outline = _THIN_OUTLINE if size < _THIN_BELOW else _OUTLINE
        drawn._code.append(f"{outline * unit:.3f} w 2 Tr")
    together = ""
    for glyph in run.glyphs:
        if glyph.right or glyph.up:
            _flush(drawn, together)
            drawn.setTextOrigin(x + glyph.right * unit, y + glyph.up * unit)
            together = ""
        together += glyph.char
        x += glyph.advance * unit
        if glyph.right or glyph.up or abs(glyph.advance - font.natural_advance(glyph.char)) > _ROUNDING:
            _flush(drawn, together)
            drawn.setTextOrigin(x, y)
            together = ""
    _flush(drawn, together)
    drawn.setTextOrigin(x, y)
    if is_outlined:
        drawn._code.append("0 Tr")


def _flush(drawn: PDFTextObject, chars: str) -> None:
    if chars:
        drawn.textOut(chars)
