"""Full-text search for products in the database, behind one interface for PostgreSQL and SQLite.

`find` gives keys of products; `shop.catalogue.selectors` makes pages of them.
"""

from shop.catalogue.search.criteria import EVERYTHING, Criteria, Sort
from shop.catalogue.search.find import MOST, correction, find
from shop.catalogue.search.terms import terms

__all__ = ["EVERYTHING", "MOST", "Criteria", "Sort", "correction", "find", "terms"]
