"""A copy of the tree for each guide."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.guides.guide import Copy


@pytest.fixture
def tree(tmp_path: Path) -> Iterator[Copy]:
    copy = Copy(tmp_path / "conveyor")
    yield copy
    copy.end()
