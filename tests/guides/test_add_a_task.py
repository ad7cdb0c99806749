"""docs/how-to/add-a-task.md, as written: a task of the app `orders`, with what the guide leaves to the reader."""

import ast
import re
import shutil
from textwrap import dedent

import pytest

from messaging.worker.slices import Slice
from tests.guides.guide import Copy
from tests.stack.program import PROJECT

GUIDE = (PROJECT / "docs/how-to/add-a-task.md").read_text()
#: Also those within the numbered steps.
PAYLOAD, TASK, ERROR, _ENQUEUE, SLICES = (
    dedent(block) for block in re.findall(r"^ *```python\n(.*?)^ *```$", GUIDE, re.MULTILINE | re.DOTALL)
)
SCHEMAS, CONTRACTS, TOPOLOGY, TESTS = re.findall(
    r"^   ((?:UPDATE_SCHEMAS=1 )?\.venv/bin/python .*|make contracts)$", GUIDE, re.MULTILINE
)
SERVICE = """

class gift_service:
    @staticmethod
    def create(*, idempotency_key: str) -> str:
        return idempotency_key
"""


@pytest.fixture
def with_gifts(tree: Copy) -> Copy:
    """The guide's code in the files that it names."""
    shutil.copytree(PROJECT / "docs/reference", tree.folder / "docs/reference")
    for path, text in (("orders/payloads.py", PAYLOAD), ("orders/tasks.py", ERROR + SERVICE + TASK)):
        file = tree.folder / path
        imports = "from orders.payloads import SendGift\n" if path == "orders/tasks.py" else ""
        file.write_text(f"{file.read_text()}\n\n{imports}{text}")
    return tree


@pytest.mark.slow
def test_schema_and_tables_are_written_and_the_wiring_is_shown(with_gifts):
    with_gifts.run(SCHEMAS)
    assert (with_gifts.folder / "tests/messaging/schemas/orders.send_gift.v1.json").exists()
    assert CONTRACTS == "make contracts"
    with_gifts.run(f"{recipe()}::test_a_table_that_is_out_of_date_is_found")  # the order of tests is random
    with_gifts.run(recipe())
    assert "| `orders.send_gift` |" in (with_gifts.folder / "docs/reference/messages.md").read_text()
    assert "orders.send_gift" in with_gifts.run(TOPOLOGY)


def recipe() -> str:
    """What `make contracts` runs."""
    (line,) = re.findall(r"^\t@(UPDATE_CONTRACTS=1 .*)$", (PROJECT / "Makefile").read_text(), re.MULTILINE)
    return str(line).replace("$(BIN)", ".venv/bin")


def test_the_tests_that_it_names_are_there():
    paths = [word for word in TESTS.split() if word.startswith("tests/")]
    assert paths
    assert [path for path in paths if not (PROJECT / path).exists()] == []


@pytest.mark.parametrize("block", [PAYLOAD, TASK, ERROR])
def test_its_code_is_typed_as_the_linter_demands(block):
    functions = [node for node in ast.walk(ast.parse(block)) if isinstance(node, ast.FunctionDef)]
    assert [each.name for each in functions if not each.returns] == []
    assert [arg.arg for each in functions for arg in each.args.args if not arg.annotation] == []


def test_a_slice_has_what_the_guide_uses_of_it():
    used = set(re.findall(r"\bpart\.(\w+)", SLICES))
    assert len(used) >= 3
    assert [name for name in used if not hasattr(Slice, name)] == []
