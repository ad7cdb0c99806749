"""Interface of the search engines."""

from collections.abc import Sequence
from typing import Protocol

from shop.catalogue.search.criteria import Criteria


class Engine(Protocol):
    """Search over an index that database triggers keep current, so no write to a product bypasses it.

    The index holds listed products only. The `index` module next to the engine installs it.
    """

    def find(self, words: Sequence[str], criteria: Criteria, *, limit: int) -> list[int]:
        """Primary keys of products that match every word as a prefix, in the requested order. One statement."""

    def similar_words(self, words: Sequence[str]) -> dict[str, list[str]]:
        """For each word, indexed words similar to it, including the word itself if indexed. One statement."""
