"""Search engine on PostgreSQL: `tsvector` with a GIN index, and `pg_trgm` for misspelt words.

With 100,000 products (`bench/search.py`; results in docs/explanation/performance.md) a search takes 1 to 5 ms: only a
bounded number of hits is ranked; filter and sort columns are stored next to the document, which avoids joins; and
rows are small, since the texts stay in the product table.
"""

from collections.abc import Sequence

from django.conf import settings
from django.db import connection

from shop.catalogue.search.criteria import Criteria, Sort
from shop.catalogue.search.postgresql.index import configuration, has_trigrams
from shop.catalogue.search.sql import filters, rows
from shop.models.localised import foreign_language

_RANKED = """
    SELECT product_id FROM (
        SELECT product_id, position, in_stock, ts_rank(document, asked) AS rank
        FROM shop_search, ({query}) AS query(asked)
        WHERE document @@ asked {filters} LIMIT %s
    ) AS hits
    ORDER BY rank DESC, in_stock DESC, position, product_id
"""
_SORTED = """
    SELECT product_id FROM shop_search, ({query}) AS query(asked)
    WHERE document @@ asked {filters} ORDER BY {order} LIMIT %s
"""
_ORDERS = {
    Sort.FEATURED: "position, product_id",
    Sort.PRICE_UP: "price, product_id",
    Sort.PRICE_DOWN: "price DESC, product_id DESC",
    Sort.NEWEST: "created_at DESC, product_id DESC",
}
_COLUMNS = {name: name for name in ("category_id", "price", "in_stock")}
# Trigram distance with a GiST nearest-neighbour scan: 5 ms including the check that the correction finds anything.
_NEAREST = """
    SELECT asked.word, near.word
    FROM unnest(%s::text[]) AS asked(word)
    CROSS JOIN LATERAL (SELECT word FROM shop_search_word ORDER BY word <-> asked.word LIMIT 40) AS near
"""
_SAME_START = """
    SELECT asked.word, near.word
    FROM unnest(%s::text[]) AS asked(word)
    CROSS JOIN LATERAL (
        SELECT word FROM shop_search_word
        WHERE left(word, 1) IN (left(asked.word, 1), substr(asked.word, 2, 1))
        AND abs(length(word) - length(asked.word)) <= 2
        ORDER BY word LIMIT 2000
    ) AS near
"""


class Postgresql:
    def find(self, words: Sequence[str], criteria: Criteria, *, limit: int) -> list[int]:
        query, asked = _query(words)
        conditions, values = filters(criteria, _COLUMNS)
        order = _ORDERS.get(Sort(criteria.sort or Sort.BEST))
        sql = _SORTED if order else _RANKED
        return [
            row[0] for row in rows(sql.format(query=query, filters=conditions, order=order), [*asked, *values, limit])
        ]

    def similar_words(self, words: Sequence[str]) -> dict[str, list[str]]:
        similar: dict[str, list[str]] = {word: [] for word in words}
        for asked, near in rows(_NEAREST if has_trigrams(connection) else _SAME_START, [list(words)]):
            similar[asked].append(near)
        return similar


def _query(words: Sequence[str]) -> tuple[str, list[str]]:
    """Matches each word stemmed by language, or unstemmed as a prefix, which finds half-typed words.

    A single letter is not a prefix: it would match half of the index.
    """
    text = " & ".join(f"{word}:*" if len(word) > 1 else word for word in words)
    languages = {"simple", configuration(settings.LANGUAGE_CODE), configuration(foreign_language())}
    parts = " || ".join("to_tsquery(%s::regconfig, %s)" for _ in languages)
    return f"SELECT {parts}", [value for language in sorted(languages) for value in (language, text)]
