"""Differences between two payloads, field by field."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Difference:
    """`path` is dotted, such as `address.city`. `before` or `after` is None where the field is missing."""

    path: str
    before: str | None
    after: str | None

    @property
    def kind(self) -> str:
        """`same`, `added`, `removed` or `changed`."""
        if self.before == self.after:
            return "same"
        if self.before is None:
            return "added"
        return "removed" if self.after is None else "changed"


def differences(before: Any, after: Any) -> list[Difference]:
    """Every field of either payload, in the order of the old one, new fields last."""
    old, new = dict(_leaves(before, "")), dict(_leaves(after, ""))
    return [Difference(path, old.get(path), new.get(path)) for path in (old | new)]


def _leaves(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _leaves(inner, f"{path}.{key}".lstrip("."))
    elif isinstance(value, list) and value:
        for index, inner in enumerate(value):
            yield from _leaves(inner, f"{path}.{index}".lstrip("."))
    elif path:
        yield path, _shown(value)


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else repr(value)
