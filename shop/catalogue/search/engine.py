"""Interface of a search engine."""

from collections.abc import Sequence
from typing import Protocol

from shop.catalogue.search.criteria import Criteria


class Engine(Protocol):
    """Its index is kept right by the database's own triggers, so no write to a product can pass it by.

    It holds listed products only, and is made by the module of the same name in `shop.search.index`.
    """

    def find(self, words: Sequence[str], criteria: Criteria, *, limit: int) -> list[int]:
        """Keys of products that have every word, or one that begins with it, in the order of `criteria.sort`. One statement."""

    def alike(self, words: Sequence[str]) -> dict[str, list[str]]:
        """For each word some known ones that resemble it, among them the word itself if it is known. One statement."""
