"""Interface of a search engine."""

from collections.abc import Sequence
from typing import Protocol

from shop.catalogue.search.criteria import Criteria


class Engine(Protocol):
    """Its index is kept right by the database's own triggers, so no write to a product can pass it by.

    It holds listed products only, and is installed by the `index` module beside the engine.
    """

    def find(self, words: Sequence[str], criteria: Criteria, *, limit: int) -> list[int]:
        """Keys of products with every word, or one that begins with it, sorted as the criteria ask. One statement."""

    def alike(self, words: Sequence[str]) -> dict[str, list[str]]:
        """For each word some known ones that resemble it, among them the word itself if it is known. One statement."""
