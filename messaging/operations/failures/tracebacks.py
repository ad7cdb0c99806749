"""Splits a traceback into the project's own frames and those of libraries."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path

from messaging.conf import settings
from messaging.operations.privacy.masking import mask_text

_FRAME = re.compile(r'^  File "(?P<path>[^"]+)", line (?P<line>\d+)')


@dataclass(frozen=True)
class Part:
    """A run of lines. `kind` is `own`, `library`, or `text` for lines outside frames, such as the error itself.

    `frames` is the number of calls in it.
    """

    kind: str
    text: str
    frames: int


def parts_of(traceback: str) -> list[Part]:
    """The traceback in runs of one kind, personal data masked, paths within the project relative."""
    runs = groupby(_lines(traceback), key=lambda pair: pair[0])
    parts = []
    for kind, pairs in runs:
        lines = [line for _, line in pairs]
        text = mask_text("\n".join(lines)).strip("\n")
        if text:
            parts.append(Part(kind=kind, text=text, frames=sum(bool(_FRAME.match(line)) for line in lines)))
    return parts


def shown(traceback: str) -> str:
    """The whole traceback, as its parts."""
    return "\n".join(part.text for part in parts_of(traceback))


def _lines(traceback: str) -> Iterator[tuple[str, str]]:
    kind = "text"
    for line in traceback.splitlines():
        frame = _FRAME.match(line)
        if frame:
            kind = "own" if _is_own(frame["path"]) else "library"
        elif not line.startswith("    "):
            kind = "text"
        yield kind, line.replace(f"{_root()}/", "")


def _is_own(path: str) -> bool:
    inside = Path(path).is_relative_to(_root()) if path.startswith("/") else not path.startswith("<")
    return inside and not re.search(r"site-packages|\.venv", path)


@cache
def _root() -> str:
    return str(settings.BASE_DIR)
