"""Names and sizes of an uploaded picture's files, which follow from what its product stores."""

import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

#: Longest sides in pixels: thumbnails, cards, the product's page. A smaller picture is not enlarged.
SIDES = (256, 512, 1024)
NAME = r"products/[0-9a-f]{20}-[0-9a-f]{12}-(?:256|512|1024)\.webp"
_ENDING = f"-{SIDES[-1]}.webp"
_NAME = re.compile(NAME)


@dataclass(frozen=True, slots=True)
class Variant:
    """One file: its name in the storage, and its size in pixels."""

    name: str
    width: int
    height: int


def new_name(content: Iterable[bytes]) -> str:
    """A name that no upload had before: files may be cached for ever, and belong to one product each."""
    digest = sha256()
    for part in content:
        digest.update(part)
    return f"products/{digest.hexdigest()[:20]}-{secrets.token_hex(6)}{_ENDING}"


def fitted(width: int, height: int, side: int) -> tuple[int, int]:
    """The size, scaled down so that the longest side is at most `side`."""
    longest = max(width, height)
    if longest <= side:
        return width, height
    return max(1, round(width * side / longest)), max(1, round(height * side / longest))


def variants(name: str, width: int, height: int) -> list[Variant]:
    """The files of a picture, smallest first; the last one is `name` itself, of `width` and `height`."""
    if not _NAME.fullmatch(name):
        return []
    smaller = [side for side in SIDES[:-1] if side < max(width, height)]
    found = [Variant(_of_side(name, side), *fitted(width, height, side)) for side in smaller]
    return [*found, Variant(name, width, height)]


def all_names(name: str) -> list[str]:
    """Every file that the picture may have."""
    return [_of_side(name, side) for side in SIDES] if _NAME.fullmatch(name) else []


def _of_side(name: str, side: int) -> str:
    return f"{name.removesuffix(_ENDING)}-{side}.webp"
