"""Stacks of programs outside pytest: benches, audits of pages, screenshots."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from tests.stack import template
from tests.stack.stack import Stack


class NoBlocker:
    """Nothing locks the database."""

    def unblock(self) -> AbstractContextManager[None]:
        return nullcontext()


@contextmanager
def running(backend: str, **options: Any) -> Iterator[Stack]:
    """A running stack, removed afterwards with the template that it was copied from. Takes the arguments of `Stack`."""
    try:
        stack = Stack(backend, blocker=NoBlocker(), **options)
        try:
            yield stack.start()
        finally:
            stack.remove()
    finally:
        template.remove()
