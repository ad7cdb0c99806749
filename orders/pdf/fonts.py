"""Fonts of PDF documents: Noto, one font a script, embedded as far as used.

Noto Sans (Latin, Greek, Cyrillic) is always there. The others are read when a text first needs them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from threading import Lock

import uharfbuzz
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

REGULAR = "NotoSans"
BOLD = "NotoSans-Bold"
EMOJI = "NotoEmoji"

_FOLDER = Path(__file__).parent / "fonts"
#: Codes that no character has. A glyph without a character of its own is written as one of them.
_PRIVATE = range(0xE000, 0xF900)
_lock = Lock()
_loaded: dict[str, "Font"] = {}

_CJK = ("NotoSansJP", "NotoSansSC", "NotoSansTC")
_KOREAN = ("NotoSansKR",)
_ARABIC = ("NotoSansArabic",)
_HEBREW = ("NotoSansHebrew",)
_ARMENIAN = ("NotoSansArmenian",)
_GEORGIAN = ("NotoSansGeorgian",)
_SYMBOLS = (EMOJI, "NotoSansSymbols2", "NotoSansJP")
#: First and last code of each block, and the fonts that may have it.
_BLOCKS: tuple[tuple[int, int, tuple[str, ...]], ...] = (
    (0x0530, 0x058F, _ARMENIAN),
    (0x0590, 0x05FF, _HEBREW),
    (0x0600, 0x06FF, _ARABIC),
    (0x0750, 0x077F, _ARABIC),
    (0x0870, 0x08FF, _ARABIC),
    (0x0900, 0x097F, ("NotoSansDevanagari",)),
    (0x0980, 0x09FF, ("NotoSansBengali",)),
    (0x0B80, 0x0BFF, ("NotoSansTamil",)),
    (0x0E00, 0x0E7F, ("NotoSansThai",)),
    (0x10A0, 0x10FF, _GEORGIAN),
    (0x1100, 0x11FF, _KOREAN),
    (0x1C90, 0x1CBF, _GEORGIAN),
    (0x1CD0, 0x1CFF, ("NotoSansDevanagari", "NotoSansBengali")),
    (0x2000, 0x2BFF, _SYMBOLS),
    (0x2D00, 0x2D2F, _GEORGIAN),
    (0x2E80, 0x312F, _CJK),
    (0x3130, 0x318F, _KOREAN),
    (0x3190, 0x9FFF, _CJK),
    (0xA8E0, 0xA8FF, ("NotoSansDevanagari",)),
    (0xA960, 0xA97F, _KOREAN),
    (0xAC00, 0xD7FF, _KOREAN),
    (0xF900, 0xFAFF, _CJK),
    (0xFB13, 0xFB17, _ARMENIAN),
    (0xFB1D, 0xFB4F, _HEBREW),
    (0xFB50, 0xFDFF, _ARABIC),
    (0xFE30, 0xFE4F, _CJK),
    (0xFE70, 0xFEFE, _ARABIC),
    (0xFF00, 0xFFEF, _CJK),
    (0x1F000, 0x1FAFF, _SYMBOLS),
    (0x20000, 0x3FFFF, _CJK),
)


@dataclass(eq=False)
class Font:
    """A font as the PDF library and the shaper see it. `chars` are the codes by which its glyphs are written."""

    ttf: TTFont
    shaper: uharfbuzz.Font = field(init=False)
    chars: list[str] = field(init=False)

    def __post_init__(self) -> None:
        face = self.ttf.face
        self.shaper = uharfbuzz.Font(uharfbuzz.Face(uharfbuzz.Blob(face._ttf_data)))
        self.per_mille = 1000 / self.shaper.face.upem
        self._codes = frozenset(face.charToGlyph)
        private = (code for code in _PRIVATE if code not in self._codes)
        self.chars = [self._char(glyph, private) for glyph in range(self.shaper.face.glyph_count)]

    def __contains__(self, char: str) -> bool:
        return ord(char) in self._codes

    @cached_property
    def name(self) -> str:
        return str(self.ttf.fontName)

    def natural_advance(self, char: str) -> float:
        """Per mille of the font size, by which a PDF viewer moves on after `char`."""
        return float(self.ttf.face.getCharWidth(ord(char)))

    def _char(self, glyph: int, private: Iterator[int]) -> str:
        """Beyond U+FFFF the library cannot write a character, and U+00A0 it writes as a space."""
        face = self.ttf.face
        own = [code for code in face.glyphToChar.get(glyph, ()) if code <= 0xFFFF and code != 0xA0]
        if own or glyph == 0:
            return chr(own[0] if own else 0)
        code = next(private)
        face.charToGlyph[code] = glyph
        face.charWidths[code] = self.shaper.get_glyph_h_advance(glyph) * self.per_mille
        return chr(code)


def font(name: str) -> Font:
    """The font, read from its file on first use."""
    found = _loaded.get(name)
    return found or _load(name)


def fonts_for(code: int) -> tuple[str, ...]:
    """Names of the fonts, besides Noto Sans, that may have a character."""
    return next((names for first, last, names in _BLOCKS if first <= code <= last), ())


def register() -> None:
    """Make the fonts known that headers and footers are set in."""
    font(REGULAR)
    font(BOLD)


def _load(name: str) -> Font:
    """Registered only once it is complete, since threads share it."""
    with _lock:
        if name not in _loaded:
            file = name if name == BOLD else f"{name}-Regular"
            new = Font(TTFont(name, _FOLDER / f"{file}.ttf", shapable=False))
            pdfmetrics.registerFont(new.ttf)
            _loaded[name] = new
        return _loaded[name]
