"""Full-text product search in the database, with one interface for PostgreSQL and SQLite.

`find` returns primary keys; `shop.catalogue.selectors` turns them into pages.
"""

from shop.catalogue.search.criteria import EVERYTHING, Criteria, Sort
from shop.catalogue.search.find import MOST, correction, find
from shop.catalogue.search.folding import folded, spelled
from shop.catalogue.search.terms import terms

__all__ = ["EVERYTHING", "MOST", "Criteria", "Sort", "correction", "find", "folded", "spelled", "terms"]
