"""Which lines of a traceback are the project's own, and which are its libraries'?"""

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
    """A run of lines. `kind` is `own`, `library`, or `told` for what stands between frames, such as the error itself.

    `frames` is how many calls it has.
    """

    kind: str
    text: str
    frames: int


def parts_of(traceback: str) -> list[Part]:
    """The traceback in runs of one kind, personal data masked, paths of the project's own files shortened."""
    runs = groupby(_lines(traceback), key=lambda pair: pair[0])
    parts = []
    for kind, pairs in runs:
        lines = [line for _, line in pairs]
        text = mask_text("\n".join(lines)).strip("\n")
        if text:
            parts.append(Part(kind=kind, text=text, frames=sum(bool(_FRAME.match(line)) for line in lines)))
    return parts


def _lines(traceback: str) -> Iterator[tuple[str, str]]:
    kind = "told"
    for line in traceback.splitlines():
        frame = _FRAME.match(line)
        if frame:
            kind = "own" if _is_own(frame["path"]) else "library"
        elif not line.startswith("    "):
            kind = "told"
        yield kind, line.replace(f"{_root()}/", "")


def _is_own(path: str) -> bool:
    inside = Path(path).is_relative_to(_root()) if path.startswith("/") else not path.startswith("<")
    return inside and not re.search(r"site-packages|\.venv", path)


@cache
def _root() -> str:
    return str(settings.BASE_DIR)
