"""Which goods does a shopper mean? Full text in the database, behind one interface for PostgreSQL and SQLite.

`find` gives keys of products; `shop.catalogue` makes pages of them.
"""

from shop.search.find import MOST, correction, find
from shop.search.wanted import EVERYTHING, Sort, Wanted
from shop.search.words import words

__all__ = ["EVERYTHING", "MOST", "Sort", "Wanted", "correction", "find", "words"]
