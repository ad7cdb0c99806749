"""docs/explanation/security.md: every threat has a protection and tests that exist."""

import ast
import re
from pathlib import Path

from tests.stack.program import PROJECT

PAGE = PROJECT / "docs/explanation/security.md"
NODE = re.compile(r"`((?:extensions/\w+/)?tests/[\w/]+\.py)::(test_\w+)`")


def rows() -> list[list[str]]:
    """Cells of the tables, without headings and rules."""
    lines = [line for line in PAGE.read_text().splitlines() if line.startswith("| ") and "| test |" not in line]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def functions(path: Path) -> set[str]:
    return {node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)}


def test_every_threat_has_a_protection_and_a_test():
    assert len(rows()) > 40
    incomplete = [row for row in rows() if len(row) != 3 or not row[1] or not NODE.search(row[2])]
    assert incomplete == []


def test_every_test_that_is_named_exists():
    named = NODE.findall(PAGE.read_text())
    missing = [f"{path}::{name}" for path, name in named if name not in functions(PROJECT / path)]
    assert missing == []
