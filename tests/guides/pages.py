"""Pages of the documentation: their commands, and their code."""

import re

from tests.stack.program import PROJECT

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def blocks(page: str, language: str = "") -> list[str]:
    """Code blocks of `docs/<page>` in this language. Commands have none."""
    return [text for name, text in _BLOCK.findall((PROJECT / "docs" / page).read_text()) if name == language]


def commands(page: str) -> list[str]:
    """What a reader types, in the page's order."""
    return [line for block in blocks(page) for line in block.splitlines() if line]
