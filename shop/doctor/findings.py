"""What the doctor reports."""

from collections.abc import Callable, Iterable, Sized
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence about what is wrong, and the command that fixes it. `name` is for scripts."""

    name: str
    sentence: str
    fix: str


Check = Callable[[], Iterable[Finding]]


def and_more(names: Sized) -> str:
    """What follows the first of `names`."""
    return f" (and {len(names) - 1} more)" if len(names) > 1 else ""
