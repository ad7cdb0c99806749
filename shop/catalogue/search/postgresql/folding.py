"""SQL functions that fold text as `shop.catalogue.search.folding` does.

Not the extension `unaccent`: creating it needs rights that a shop's role may not have, and its rules are a file of the
server. Text in ASCII, which most is, costs no more than `lower`.
"""

from collections.abc import Iterator, Mapping

from shop.catalogue.search.folding import DOUBLE, FIRST_MARK, LAST_MARK, SINGLE, UMLAUTS

_FUNCTION = """
    CREATE OR REPLACE FUNCTION {name}(given text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
        SELECT {body}
    $$
"""
_BARE = f"regexp_replace(normalize(given, NFKD), '[{FIRST_MARK}-{LAST_MARK}]', '', 'g')"


def functions() -> Iterator[str]:
    letters = f"translate(lower({_BARE}), '{''.join(SINGLE)}', '{''.join(SINGLE.values())}')"
    folded = f"normalize({_replaced(letters, DOUBLE)}, NFKC)"
    yield _FUNCTION.format(name="shop_search_folded", body=_unless_ascii(folded))
    german = _replaced("normalize(given, NFC)", UMLAUTS)
    both = f"""shop_search_folded(given) || CASE WHEN normalize(given, NFC) ~ '[{"".join(UMLAUTS)}]'
            THEN ' ' || shop_search_folded({german}) ELSE '' END"""
    yield _FUNCTION.format(name="shop_search_spelled", body=_unless_ascii(both))


def without_folding() -> Iterator[str]:
    for name in ("shop_search_folded", "shop_search_spelled"):
        yield _FUNCTION.format(name=name, body="given")


def _unless_ascii(folded: str) -> str:
    return f"CASE WHEN octet_length(given) = length(given) THEN lower(given) ELSE {folded} END"


def _replaced(text: str, letters: Mapping[str, str]) -> str:
    for one, other in letters.items():
        text = f"replace({text}, '{one}', '{other}')"
    return text
