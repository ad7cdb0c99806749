"""Type of an example review."""

from typing import NamedTuple


class Example(NamedTuple):
    sku: str
    stars: int
    author: str
    title: str
    text: str
