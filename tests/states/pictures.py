"""Pictures of the transition tables in docs/reference/states.md, as Mermaid diagrams.

What the page says beside an arrow is its author's, and stays.
"""

import re
from typing import Final

from tests.stack.program import PROJECT
from tests.states.tables import NEW, TABLES, Table

PAGE: Final = PROJECT / "docs" / "reference" / "states.md"
_PICTURE: Final = re.compile(r"(?<=<!-- drawn from the transitions of )(\S+)( -->\n```mermaid\n)([^`]*)(?=```\n)")
_ARROW: Final = re.compile(r"^ +(\S+ --> [^\s:]+)(: .+)$", re.MULTILINE)


def redrawn(page: str) -> str:
    """`page` with the picture of each table as the table is now."""
    tables = {table.model._meta.label: table for table in TABLES.values()}
    return _PICTURE.sub(lambda found: f"{found[1]}{found[2]}{_picture(tables.pop(found[1]), found[3])}", page)


def drawn(page: str) -> set[str]:
    """Models whose transitions the page has a picture of."""
    return {found[1] for found in _PICTURE.finditer(page)}


def _picture(table: Table, old: str) -> str:
    texts = dict(_ARROW.findall(old))
    arrows = [f"{'[*]' if before == NEW else before} --> {after}" for before, after in table.changes()]
    arrows += [f"{state} --> [*]" for state, targets in table.transitions.items() if not targets]
    return "\n".join(["stateDiagram-v2", *(f"    {arrow}{texts.get(arrow, '')}" for arrow in arrows), ""])
