"""Registry of invariants: each is a check, over the rows of a scope or as a whole."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

Check = Callable[..., Iterator[str]]


@dataclass(frozen=True, eq=False)
class Feed:
    """A table with a row for each change, read in the order of its indexed column `by`, which only grows.

    Its column `key` holds the column `of` of the row that changed.
    """

    changes: QuerySet[Any]
    key: str = "pk"
    of: str = "pk"
    by: str = "pk"


@dataclass(frozen=True, eq=False)
class Scope:
    """The rows that checks are about. `feeds` tell which of them changed; without one, only the whole audit looks."""

    name: str
    rows: QuerySet[Any]
    feeds: tuple[Feed, ...] = ()


@dataclass(frozen=True)
class Invariant:
    """A check without a scope takes no argument and must be fast at any size; others take rows of their scope."""

    name: str
    check: Check
    over: Scope | None = None


@dataclass(frozen=True)
class Violation:
    invariant: str
    detail: str


_REGISTRY: dict[str, Invariant] = {}


def invariant(name: str, *, over: Scope | None = None) -> Callable[[Check], Check]:
    """Register a check: a generator that yields one sentence per violation.

    With a scope it is called with a queryset of some or all of the scope's rows, and judges only those.
    """

    def register(check: Check) -> Check:
        known = _REGISTRY.get(name)
        if known is not None and known.check.__qualname__ != check.__qualname__:
            raise ValueError(f"Two invariants are named {name!r}")
        _REGISTRY[name] = Invariant(name, check, over)
        return check

    return register


def registered() -> list[Invariant]:
    """All invariants, by name."""
    return [_REGISTRY[name] for name in sorted(_REGISTRY)]


def violations(one: Invariant) -> Iterator[Violation]:
    """Every violation of one invariant, over all rows."""
    found = one.check() if one.over is None else one.check(one.over.rows.all())
    return (Violation(one.name, detail) for detail in found)


def audit() -> list[Violation]:
    """Every violation of every registered invariant."""
    return [violation for one in registered() for violation in violations(one)]
