"""Figures of a bench beside their budgets, printed as they come. Its exit code is 1 if a budget was missed."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

#: What, the figure, its budget ("" if it has none), and whether that was kept.
Row = tuple[str, str, str, bool]


class Report:
    """A table with columns of these widths."""

    def __init__(self, *widths: int) -> None:
        self._widths, self._missed = widths, False

    def row(self, *cells: str, kept: bool = True) -> None:
        padded = [f"{cell:{width}}" for cell, width in zip(cells, self._widths, strict=True)]
        print("".join([*padded, "" if kept else "  MISSED"]).rstrip(), flush=True)
        self._missed = self._missed or not kept

    def exit(self) -> NoReturn:
        sys.exit(1 if self._missed else 0)


def load() -> str:
    """The machine's load, which each figure depends on."""
    return f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


@contextmanager
def skipping() -> Iterator[None]:
    """Where a service is missing, say so and do the rest."""
    import pytest

    try:
        yield
    except pytest.skip.Exception as reason:
        print(f"skipped: {reason}")
