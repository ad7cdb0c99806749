"""What is found, and what may have been meant where nothing is?"""

from django.db import connection

from shop.search.base import Engine
from shop.search.postgresql import Postgresql
from shop.search.sqlite import Sqlite
from shop.search.wanted import Wanted
from shop.search.words import nearest, words

# As many hits as anybody leafs through. The database stops there, so that a word of half the range costs no more.
MOST = 1000

_ENGINES: dict[str, type[Engine]] = {"postgresql": Postgresql, "sqlite": Sqlite}


def find(*, wanted: Wanted, limit: int = MOST) -> list[int]:
    """Keys of at most `limit` listed products that have every word of `wanted.search`, in the order wanted."""
    asked = words(wanted.search)
    return _engine().find(asked, wanted, limit=limit) if asked else []


def correction(*, search: str) -> str:
    """The search with its mistyped words set right, if that finds anything; else empty."""
    asked = words(search)
    alike = _engine().alike(asked) if asked else {}
    meant = " ".join(nearest(word, alike[word]) or word for word in asked)
    if not meant or meant == " ".join(asked):
        return ""
    return meant if find(wanted=Wanted(search=meant), limit=1) else ""


def _engine() -> Engine:
    return _ENGINES[connection.vendor]()
