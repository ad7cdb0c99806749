"""House rules: docstrings, size limits, flat folders, and an engine that runs without the desk."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.stack.program import PROJECT

APPS = ("config", "shop", "payments", "shipping", "orders", "messaging")
FOLDERS = (*APPS, "bench", "frontend", "tests")
SKIPPED = {"migrations", "node_modules", "__pycache__"}
MOST_MODULES = 16
MOST_FILE_LINES = 300
MOST_FUNCTION_LINES = 40
MOST_ENGINE_LINES = 7_150
#: Parts of the package that the engine runs without.
OPTIONAL = {"operations", "telemetry"}
#: A question mark that ends a word, unlike the one of a URL's query.
QUESTION = re.compile(r"\?(?=\s|$)")

#: A lock of orders that takes their key, too: each row that refers to an order waits for it at its commit.
LOCK_WITH_KEY = re.compile(r"(Order\.objects|orders_of\(|guest_orders\()[^\n]*select_for_update\((?!no_key=True)")

Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def modules(*folders: str) -> list[Path]:
    """Python files below `folders`, relative to the project, migrations aside."""
    found = (path.relative_to(PROJECT) for folder in folders for path in (PROJECT / folder).rglob("*.py"))
    return sorted(path for path in found if SKIPPED.isdisjoint(path.parts))


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse((PROJECT / path).read_text())


def lines(path: Path) -> int:
    return len((PROJECT / path).read_text().splitlines())


def assert_none(offenders: list[str]) -> None:
    """Fail with the whole list, which an assertion would cut."""
    if offenders:
        pytest.fail("\n".join([f"{len(offenders)} found:", *offenders]), pytrace=False)


def test_no_module_docstring_opens_with_a_question():
    offenders = [
        f"{path}: {paragraph.splitlines()[0]}"
        for path in [*modules(*FOLDERS), Path("manage.py")]
        if QUESTION.search(paragraph := (ast.get_docstring(parsed(path)) or "").partition("\n\n")[0])
    ]
    assert_none(offenders)


def test_every_module_with_code_has_a_docstring():
    offenders = [str(path) for path in modules(*FOLDERS) if parsed(path).body and not ast.get_docstring(parsed(path))]
    assert_none(offenders)


def test_no_folder_holds_too_many_modules():
    counts = Counter(path.parent for path in modules(*FOLDERS) if path.name != "__init__.py")
    offenders = [f"{folder}/: {count} modules" for folder, count in sorted(counts.items()) if count > MOST_MODULES]
    assert_none(offenders)


def test_no_file_is_too_long():
    offenders = [f"{path}: {lines(path)} lines" for path in modules(*FOLDERS) if lines(path) > MOST_FILE_LINES]
    assert_none(offenders)


def test_no_function_is_too_long():
    offenders = [
        f"{path}:{function.lineno}: {function.name} has {length} lines"
        for path in modules(*FOLDERS)
        for function in ast.walk(parsed(path))
        if isinstance(function, Function) and (length := _length(function)) > MOST_FUNCTION_LINES
    ]
    assert_none(offenders)


def test_the_engine_stays_small():
    total = sum(lines(path) for path in engine())
    longest = sorted(engine(), key=lines, reverse=True)[:10]
    if total > MOST_ENGINE_LINES:
        rows = [f"The engine has {total} lines, at most {MOST_ENGINE_LINES} are allowed. Its longest modules:"]
        pytest.fail("\n".join([*rows, *(f"{path}: {lines(path)}" for path in longest)]), pytrace=False)


def test_the_engine_imports_none_of_its_optional_parts():
    offenders = [
        f"{path}:{number}: {name}"
        for path in engine()
        for number, name in imports(path)
        if any(_is_in(name, f"messaging.{part}") for part in OPTIONAL)
    ]
    assert_none(offenders)


def engine() -> list[Path]:
    return [path for path in modules("messaging") if OPTIONAL.isdisjoint(path.parts)]


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Line and dotted name of everything that a module imports, those inside functions included."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def _is_in(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def _length(function: Function) -> int:
    """Lines from `def` to the end, decorators left out."""
    return (function.end_lineno or function.lineno) - function.lineno + 1


def test_orders_are_locked_without_their_key():
    """Whoever locks one waits for products and messages then, and who has these may refer to it."""
    sources = modules(*APPS, "extensions")
    assert_none([str(path) for path in sources if LOCK_WITH_KEY.search((PROJECT / path).read_text())])
