"""Characters of a text: which are printed, which belong together, and which font has them."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from orders.pdf import fonts

#: Printed for what no font has.
REPLACEMENT = "\ufffd"
_ZWNJ, _ZWJ = "\u200c", "\u200d"
#: Asks for the emoji of the character before it.
_AS_EMOJI = "\ufe0f"
_KEYCAP = "\u20e3"
#: Letters by their category, yet blank.
_BLANK = frozenset("\u115f\u1160\u3164\uffa0\u2800")
_JOINERS = frozenset((_ZWNJ, _ZWJ))
_INVISIBLE = frozenset(
    map(chr, (0x34F, 0x17B4, 0x17B5, *range(0x180B, 0x1810), *range(0xFE00, 0xFE0F), *range(0xE0100, 0xE01F0)))
)
_SKIN_TONES = range(0x1F3FB, 0x1F400)
_REGIONAL = range(0x1F1E6, 0x1F200)


@dataclass(frozen=True, slots=True)
class Cluster:
    """What a reader sees as one character, and the font that it is printed in."""

    text: str
    font: str


def printable(text: str) -> str:
    """`text` on one line, without what is invisible. Of a text that has nothing else, a replacement stays."""
    normal = unicodedata.normalize("NFC", text)
    kept = " ".join("".join(map(_printable, normal)).split())
    is_visible = any(char not in _JOINERS and char != _AS_EMOJI for char in kept)
    if is_visible:
        return kept
    return REPLACEMENT if text.strip() else ""


def clusters(text: str, *, is_bold: bool) -> list[Cluster]:
    """The clusters of a printable text."""
    return [cluster for part in _parts(text) for cluster in _in_fonts(part, is_bold=is_bold)]


def _printable(char: str) -> str:
    if char.isspace() or char in _BLANK:
        return " "
    if char in _JOINERS or char == _AS_EMOJI:
        return char
    category = unicodedata.category(char)
    if category in ("Cc", "Cf") or char in _INVISIBLE:
        return ""
    return REPLACEMENT if category in ("Cs", "Co", "Cn") else char


def _parts(text: str) -> Iterator[str]:
    part = ""
    for char in text:
        if part and not _continues(part, char):
            yield part
            part = ""
        part += char
    if part:
        yield part


def _continues(part: str, char: str) -> bool:
    if char in _JOINERS or unicodedata.category(char)[0] == "M" or ord(char) in _SKIN_TONES:
        return True
    if part[-1] == _ZWJ:
        return unicodedata.category(char) == "So"
    return len(part) == 1 and ord(part) in _REGIONAL and ord(char) in _REGIONAL


def _in_fonts(part: str, *, is_bold: bool) -> Iterator[Cluster]:
    """In the first font that has all of it. If there is none, each character for itself."""
    name = _font_of(part, is_bold=is_bold)
    if name:
        yield Cluster(part, name)
        return
    for char in part:
        if char in _JOINERS or char == _AS_EMOJI:
            continue
        compatible = unicodedata.normalize("NFKC", char)
        for text in (char, compatible.strip(), REPLACEMENT):
            found = _font_of(text, is_bold=is_bold) if text else None
            if found:
                yield Cluster(text, found)
                break


def _font_of(part: str, *, is_bold: bool) -> str | None:
    needed = [char for char in part if char not in _JOINERS and char != _AS_EMOJI]
    base = fonts.BOLD if is_bold else fonts.REGULAR
    names = [fonts.EMOJI, base] if _AS_EMOJI in part or _KEYCAP in part else [base]
    names += [name for char in needed for name in fonts.fonts_for(ord(char))]
    return next((name for name in names if needed and all(char in fonts.font(name) for char in needed)), None)
