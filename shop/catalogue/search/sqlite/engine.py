"""Search engine on SQLite: FTS5, and its vocabulary for misspelt words.

With 100,000 products (`bench/search.py`; results in docs/explanation/performance.md) a search takes 0.5 to 4 ms.
Ranking all hits of a common word took 50 ms, so only a bounded number is ranked. No stemming: stems in the vocabulary
could not be offered as corrections. Words match as prefixes, and plurals also match their singular.
"""

from collections.abc import Sequence

from shop.catalogue.search.criteria import Criteria, Sort
from shop.catalogue.search.sql import filters, rows

_HITS = """
    SELECT product.id, product.{order}, {rank} AS rank
    FROM {index} JOIN shop_product AS product ON product.id = {index}.{key}
    WHERE {index} MATCH %s AND product.is_listed {filters} {end}
"""
_FOUND = """
    SELECT id FROM (SELECT * FROM ({own}) UNION ALL SELECT * FROM ({texts}))
    GROUP BY id ORDER BY {order} LIMIT %s
"""
_ORDERS = {
    Sort.BEST: ("position", "min(rank), position, id"),
    Sort.FEATURED: ("position", "position, id"),
    Sort.PRICE_UP: ("price", "price, id"),
    Sort.PRICE_DOWN: ("price", "price DESC, id DESC"),
    Sort.NEWEST: ("created_at", "created_at DESC, id DESC"),
}
_COLUMNS = {
    "category_id": "product.category_id",
    "price": "product.price",
    "in_stock": "(product.stock > 0)",
}
# The vocabulary is sorted, so words with the same first letter are one range. Item numbers are not words to offer.
_SAME_START = """
    SELECT %s, term FROM {vocabulary}
    WHERE term >= %s AND term < %s AND abs(length(term) - %s) <= 2 AND col IN ('name', 'tagline')
"""
_VOCABULARIES = ("shop_search_own_words", "shop_search_texts_words")


class Sqlite:
    def find(self, words: Sequence[str], criteria: Criteria, *, limit: int) -> list[int]:
        sort = Sort(criteria.sort or Sort.BEST)
        column, order = _ORDERS[sort]
        conditions, values = filters(criteria, _COLUMNS)
        # Only best match may stop early: any other sort order needs all hits.
        end, ends = ("LIMIT %s", [limit]) if sort == Sort.BEST else ("", [])
        parts = {"order": column, "filters": conditions, "end": end}
        sql = _FOUND.format(
            own=_HITS.format(index="shop_search_own", key="rowid", rank="bm25(shop_search_own, 10, 10, 4, 1)", **parts),
            texts=_HITS.format(
                index="shop_search_texts", key="product_id", rank="bm25(shop_search_texts, 0, 10, 4, 1)", **parts
            ),
            order=order,
        )
        each = [_query(words), *values, *ends]
        return [row[0] for row in rows(sql, [*each, *each, limit])]

    def similar_words(self, words: Sequence[str]) -> dict[str, list[str]]:
        """Words of similar length that start with the first letter, or with the second in case the two were swapped."""
        asked = [(word, letter, name) for word in words for letter in set(word[:2]) for name in _VOCABULARIES]
        sql = " UNION ".join(_SAME_START.format(vocabulary=name) for _word, _letter, name in asked)
        values = [value for word, letter, _name in asked for value in (word, letter, chr(ord(letter) + 1), len(word))]
        similar: dict[str, list[str]] = {word: [] for word in words}
        for word, term in rows(sql, values):
            similar[word].append(term)
        return similar


def _query(words: Sequence[str]) -> str:
    return " AND ".join(_term(word) for word in words)


def _term(word: str) -> str:
    """The word as a prefix; a plural also matches its singular."""
    if len(word) == 1:
        return f'"{word}"'
    if len(word) > 3 and word.endswith("s"):
        return f'("{word}"* OR "{word[:-1]}"*)'
    return f'"{word}"*'
