"""Finds products by the engine of the database in use, and corrects mistyped searches."""

from django.db import connection

from shop.catalogue.search.criteria import Criteria
from shop.catalogue.search.engine import Engine
from shop.catalogue.search.postgresql.engine import Postgresql
from shop.catalogue.search.sqlite.engine import Sqlite
from shop.catalogue.search.terms import nearest, terms

# More hits than anybody pages through. The database stops there, so that a word in half of all products costs no more.
MOST = 1000

_ENGINES: dict[str, type[Engine]] = {"postgresql": Postgresql, "sqlite": Sqlite}


def find(*, criteria: Criteria, limit: int = MOST) -> list[int]:
    """Keys of at most `limit` listed products that have every word of the search, in the order of `criteria.sort`."""
    asked = terms(criteria.search)
    return _engine().find(asked, criteria, limit=limit) if asked else []


def correction(*, search: str) -> str:
    """The search with its mistyped words set right, if that finds anything; else empty."""
    asked = terms(search)
    alike = _engine().alike(asked) if asked else {}
    meant = " ".join(nearest(word, alike[word]) or word for word in asked)
    if not meant or meant == " ".join(asked):
        return ""
    return meant if find(criteria=Criteria(search=meant), limit=1) else ""


def _engine() -> Engine:
    return _ENGINES[connection.vendor]()
