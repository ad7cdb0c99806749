"""Makes the fonts of the shop's papers, orders/pdf/fonts, from the Noto fonts of npm.

    .venv/bin/python frontend/paper_fonts.py FOLDER

Needs npm and fonttools. FOLDER keeps the downloaded packages. Each font is stripped of hints and of every character
that a font before it has, so that all of them together stay below 16 MB.
"""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

_TARGET = Path(__file__).parent.parent / "orders/pdf/fonts"
_HANGUL = [*range(0x1100, 0x1200), *range(0x3130, 0x3190), *range(0xA960, 0xA980), *range(0xAC00, 0xD800)]
_SYMBOLS = [*range(0x2000, 0x2800), *range(0x2900, 0x2C00)]


@dataclass(frozen=True, slots=True)
class Source:
    """`only`: the characters to keep, or all. `is_shaped`: its glyphs depend on their neighbours."""

    package: str
    file: str
    is_shaped: bool = False
    only: tuple[int, ...] = ()


_SOURCES = (
    Source("noto-sans-arabic@0.4.3", "NotoSansArabic", True),
    Source("noto-sans-hebrew@0.4.1", "NotoSansHebrew", True),
    Source("noto-sans-thai@0.4.2", "NotoSansThai", True),
    Source("noto-sans-devanagari@0.4.1", "NotoSansDevanagari", True),
    Source("noto-sans-bengali@0.4.4", "NotoSansBengali", True),
    Source("noto-sans-tamil@0.4.3", "NotoSansTamil", True),
    Source("noto-sans-armenian@0.4.2", "NotoSansArmenian"),
    Source("noto-sans-georgian@0.4.3", "NotoSansGeorgian"),
    Source("noto-sans-jp@0.4.3", "NotoSansJP"),
    Source("noto-sans-sc@0.4.3", "NotoSansSC"),
    Source("noto-sans-tc@0.4.3", "NotoSansTC"),
    Source("noto-sans-kr@0.4.3", "NotoSansKR", only=tuple(_HANGUL)),
    Source("noto-emoji@0.4.7", "NotoEmoji", True),
    Source("noto-sans-symbols-2@0.4.1", "NotoSansSymbols2", only=tuple(_SYMBOLS)),
)


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    covered = set(TTFont(_TARGET / "NotoSans-Regular.ttf").getBestCmap())
    for source in _SOURCES:
        unpacked = _unpack(source, folder)
        target = _TARGET / f"{source.file}-Regular.ttf"
        covered |= _subset(unpacked / f"400Regular/{source.file}_400Regular.ttf", target, source, covered)
        licence = (unpacked / "LICENSE_FONT").read_text()
        (_TARGET / f"LICENSE-{source.package.partition('@')[0]}.txt").write_text(licence)
        print(f"{target.name}: {target.stat().st_size / 1e6:.2f} MB")


def _unpack(source: Source, folder: Path) -> Path:
    wanted = f"@expo-google-fonts/{source.package}"
    packed = subprocess.run(["npm", "pack", "--json", wanted], cwd=folder, check=True, capture_output=True, text=True)
    archive = json.loads(packed.stdout)[0]["filename"].replace("@", "").replace("/", "-")
    unpacked = folder / source.package
    unpacked.mkdir(exist_ok=True)
    subprocess.run(["tar", "xzf", folder / archive, "-C", unpacked, "--strip-components=1"], check=True)
    return unpacked


def _subset(original: Path, target: Path, source: Source, covered: set[int]) -> set[int]:
    """Write the part of a font that no font before it has. Returns the characters of that part.

    A shaped font keeps its digits, signs and marks: only glyphs of one font are shaped together.
    """
    font = TTFont(original)
    own = set(font.getBestCmap())
    kept = {code for code in own if (not source.only or code in source.only)}
    kept = {code for code in kept if code not in covered or (source.is_shaped and code > 0x7F)}
    # Digits and signs become keycaps by what follows them.
    kept |= own & set(map(ord, "#*0123456789")) if source.file == "NotoEmoji" else set()
    options = Options(hinting=False, notdef_outline=True, name_IDs=[0, 1, 2, 3, 4, 5, 6, 13, 14], glyph_names=False)
    options.layout_features = ["*"] if source.is_shaped else []
    options.drop_tables += ["vhea", "vmtx", "VORG", "BASE", "gasp", "STAT"]
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=kept)
    subsetter.subset(font)
    font.save(target)
    return kept


if __name__ == "__main__":
    main(Path(sys.argv[1]))
