"""Fonts of PDF documents: Noto Sans (Latin, Greek, Cyrillic), embedded in every file."""

from functools import cache
from pathlib import Path

from reportlab.lib.fonts import addMapping
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

REGULAR = "NotoSans"
BOLD = "NotoSans-Bold"

_FOLDER = Path(__file__).parent / "fonts"


@cache
def register() -> None:
    """Register the fonts once, on first use: reading them takes some milliseconds."""
    pdfmetrics.registerFont(TTFont(REGULAR, _FOLDER / "NotoSans-Regular.ttf"))
    pdfmetrics.registerFont(TTFont(BOLD, _FOLDER / "NotoSans-Bold.ttf"))
    for is_bold, name in ((0, REGULAR), (1, BOLD)):
        addMapping(REGULAR, is_bold, 0, name)
        addMapping(BOLD, is_bold, 0, BOLD)
