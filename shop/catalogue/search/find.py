"""Finds products with the engine of the current database, and corrects misspelt searches."""

from django.db import connection

from shop.catalogue.search.criteria import Criteria
from shop.catalogue.search.engine import Engine
from shop.catalogue.search.postgresql.engine import Postgresql
from shop.catalogue.search.sqlite.engine import Sqlite
from shop.catalogue.search.terms import nearest, terms

# Upper bound on hits, so that a word found in half of all products is not more expensive.
MOST = 1000

_ENGINES: dict[str, type[Engine]] = {"postgresql": Postgresql, "sqlite": Sqlite}


def find(*, criteria: Criteria, limit: int = MOST) -> list[int]:
    """Primary keys of at most `limit` listed products that match every search word, ordered by `criteria.sort`."""
    words = terms(criteria.search)
    return _engine().find(words, criteria, limit=limit) if words else []


def correction(*, search: str) -> str:
    """The search with misspelt words corrected if that finds anything; otherwise empty."""
    words = terms(search)
    similar = _engine().similar_words(words) if words else {}
    corrected = " ".join(nearest(word, similar[word]) or word for word in words)
    if not corrected or corrected == " ".join(words):
        return ""
    return corrected if find(criteria=Criteria(search=corrected), limit=1) else ""


def _engine() -> Engine:
    return _ENGINES[connection.vendor]()
