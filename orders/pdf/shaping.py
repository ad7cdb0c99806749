"""Shapes text: splits it into runs by font and direction, orders them, and turns each into glyphs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

import uharfbuzz
from bidi import algorithm as bidi

from orders.pdf import fonts
from orders.pdf.characters import Cluster

_BASE = (fonts.REGULAR, fonts.BOLD)
#: Ligatures and kerning of Latin would hide its text from readers of the file.
_PLAIN = {"kern": False, "liga": False}


@dataclass(frozen=True, slots=True)
class Glyph:
    """A glyph by its code in the font. Distances are per mille of the font size."""

    char: str
    advance: float
    right: float
    up: float


@dataclass(frozen=True, slots=True)
class Run:
    """Glyphs of one font, from left to right."""

    font: str
    glyphs: tuple[Glyph, ...]

    @property
    def width(self) -> float:
        return sum(glyph.advance for glyph in self.glyphs)


def width(clusters: Sequence[Cluster]) -> float:
    """Per mille of the font size."""
    return sum(run.width for run in runs(clusters))


def runs(clusters: Sequence[Cluster], *, is_rtl: bool | None = None) -> list[Run]:
    """Runs of a line from left to right. `is_rtl`: the paragraph's direction, by default that of its first letter."""
    text = "".join(cluster.text for cluster in clusters)
    if not _may_be_rtl(text):
        return [_shaped(name, same, False) for _level, name, same in _grouped(clusters, [0] * len(clusters))]
    levels = _levels(text, starts_rtl(text) if is_rtl is None else is_rtl)
    starts = _starts(clusters)
    logical = [
        (level, _shaped(name, same, bool(level % 2)))
        for level, name, same in _grouped(clusters, [levels[at] for at in starts])
    ]
    return [run for _level, run in _reordered(logical)]


def starts_rtl(text: str) -> bool:
    """Whether the first letter is of a script that is written from right to left."""
    return bool(bidi.get_base_level(text))


def _may_be_rtl(text: str) -> bool:
    return any(char >= "\u0590" for char in text)


def _starts(clusters: Iterable[Cluster]) -> list[int]:
    found, at = [], 0
    for cluster in clusters:
        found.append(at)
        at += len(cluster.text)
    return found


def _grouped(clusters: Sequence[Cluster], levels: Sequence[int]) -> list[tuple[int, str, str]]:
    pairs = zip(levels, clusters, strict=True)
    groups = groupby(pairs, key=lambda pair: (pair[0], pair[1].font))
    return [(level, name, "".join(cluster.text for _, cluster in same)) for (level, name), same in groups]


def _levels(text: str, is_rtl: bool) -> list[int]:
    """Embedding level of each character, by the Unicode bidirectional algorithm. Odd ones run from right to left."""
    storage = bidi.get_empty_storage()
    storage["base_level"] = int(is_rtl)
    storage["base_dir"] = "R" if is_rtl else "L"
    bidi.get_embedding_levels(text, storage)
    chars = list(storage["chars"])
    for step in (bidi.explicit_embed_and_overrides, bidi.resolve_weak_types):
        step(storage)
    bidi.resolve_neutral_types(storage, False)
    bidi.resolve_implicit_levels(storage, False)
    return [int(char["level"]) for char in chars]


def _reordered(logical: list[tuple[int, Run]]) -> list[tuple[int, Run]]:
    """Rule L2: from the highest level down, each sequence of at least that level is reversed."""
    visual = list(logical)
    for level in range(max(level for level, _run in logical), 0, -1):
        groups = groupby(visual, key=lambda pair: pair[0] >= level)
        visual = [pair for is_higher, same in groups for pair in (list(same)[::-1] if is_higher else same)]
    return visual


@lru_cache(maxsize=512)
def _shaped(name: str, text: str, is_rtl: bool) -> Run:
    font = fonts.font(name)
    buffer = uharfbuzz.Buffer()
    buffer.add_str(text)
    buffer.guess_segment_properties()
    buffer.direction = "rtl" if is_rtl else "ltr"
    uharfbuzz.shape(font.shaper, buffer, _PLAIN if name in _BASE else {})
    scale = font.per_mille
    pairs = zip(buffer.glyph_infos, buffer.glyph_positions, strict=True)
    return Run(
        name,
        tuple(
            Glyph(font.chars[info.codepoint], at.x_advance * scale, at.x_offset * scale, at.y_offset * scale)
            for info, at in pairs
        ),
    )
