"""Search index on PostgreSQL.

`shop_search` has a row per listed product: its words in all languages, and the filter and sort columns.
`shop_search_word` has the words of names and taglines. Words no longer used may remain, since a correction is offered
only if it finds something.
"""

import logging
from collections.abc import Iterator

from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from shop.catalogue.search.postgresql import folding

log = logging.getLogger(__name__)

_STEMS = {
    "da": "danish",
    "de": "german",
    "en": "english",
    "es": "spanish",
    "fi": "finnish",
    "fr": "french",
    "it": "italian",
    "nl": "dutch",
    "pt": "portuguese",
    "sv": "swedish",
}
_TABLES = """
    CREATE TABLE shop_search (
        product_id bigint PRIMARY KEY,
        document tsvector NOT NULL,
        category_id bigint,
        price bigint NOT NULL,
        in_stock boolean NOT NULL,
        position bigint NOT NULL,
        created_at timestamptz NOT NULL
    );
    CREATE INDEX shop_search_document ON shop_search USING gin (document);
    CREATE INDEX shop_search_price ON shop_search (price, product_id);
    CREATE TABLE shop_search_word (word text PRIMARY KEY);
"""
_LANGUAGE = """
    CREATE FUNCTION shop_search_language(code text) RETURNS regconfig LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
        SELECT (CASE code {cases} ELSE 'simple' END)::regconfig
    $$
"""
# Punctuation becomes spaces, so that "AUR-001" is two words here as in the query. A tsvector must stay below 1 MiB.
_DOCUMENT = r"""
    CREATE OR REPLACE FUNCTION shop_search_document(config regconfig, name text, tagline text, description text)
    RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
        SELECT setweight(to_tsvector('simple', translate(shop_search_spelled(name), '-_/.@:+&', '        ')), 'A')
            || setweight(to_tsvector(config, translate(shop_search_spelled(name), '-_/.@:+&', '        ')), 'A')
            || setweight(to_tsvector(config, translate(shop_search_spelled(tagline), '-_/.@:+&', '        ')), 'B')
            || setweight(to_tsvector(config, translate(
                left(shop_search_folded(left(description, 20000)), 20000), '-_/.@:+&', '        ')), 'C')
    $$
"""
_WRITE = """
    CREATE OR REPLACE FUNCTION shop_search_write(wanted bigint) RETURNS void LANGUAGE plpgsql AS $$
    DECLARE
        product shop_product%ROWTYPE;
        other shop_producttext%ROWTYPE;
        words tsvector;
        named text;
    BEGIN
        SELECT * INTO product FROM shop_product WHERE id = wanted;
        IF NOT FOUND OR NOT product.is_listed THEN
            DELETE FROM shop_search WHERE product_id = wanted;
            RETURN;
        END IF;
        words := setweight(
                to_tsvector('simple', translate(shop_search_folded(product.sku), '-_/.@:+&', '        ')), 'A')
            || shop_search_document('{own}', product.name, product.tagline, product.description);
        named := product.name || ' ' || product.tagline;
        FOR other IN SELECT * FROM shop_producttext WHERE product_id = wanted LOOP
            words := words || shop_search_document(
                shop_search_language(split_part(other.language, '-', 1)), other.name, other.tagline, other.description);
            named := named || ' ' || other.name || ' ' || other.tagline;
        END LOOP;
        INSERT INTO shop_search VALUES (wanted, words, product.category_id, product.price, product.stock > 0,
            product.position, product.created_at)
        ON CONFLICT (product_id) DO UPDATE SET document = EXCLUDED.document, category_id = EXCLUDED.category_id,
            price = EXCLUDED.price, in_stock = EXCLUDED.in_stock, position = EXCLUDED.position,
            created_at = EXCLUDED.created_at;
        INSERT INTO shop_search_word
        SELECT DISTINCT token FROM ts_parse('default', shop_search_spelled(named))
        WHERE tokid IN (1, 2) AND length(token) > 2
        ORDER BY 1 ON CONFLICT DO NOTHING;
    END $$
"""
_FUNCTIONS = """
    CREATE FUNCTION shop_search_product() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM shop_search_write(NEW.id);
        RETURN NULL;
    END $$;
    CREATE FUNCTION shop_search_stock() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        UPDATE shop_search SET in_stock = NEW.stock > 0 WHERE product_id = NEW.id;
        RETURN NULL;
    END $$;
    CREATE FUNCTION shop_search_gone() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        DELETE FROM shop_search WHERE product_id = OLD.id;
        RETURN NULL;
    END $$;
    CREATE FUNCTION shop_search_emptied() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        TRUNCATE shop_search, shop_search_word;
        RETURN NULL;
    END $$;
    CREATE FUNCTION shop_search_text() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM shop_search_write(coalesce(NEW.product_id, OLD.product_id));
        RETURN NULL;
    END $$;
"""
# Unlisted products call no function, nor do sales that leave stock above zero.
_TRIGGERS = """
    CREATE TRIGGER shop_search_insert AFTER INSERT ON shop_product
        FOR EACH ROW WHEN (NEW.is_listed) EXECUTE FUNCTION shop_search_product();
    CREATE TRIGGER shop_search_update
        AFTER UPDATE OF sku, name, tagline, description, category_id, price, is_listed, position, created_at
        ON shop_product FOR EACH ROW WHEN (NEW.is_listed OR OLD.is_listed) EXECUTE FUNCTION shop_search_product();
    CREATE TRIGGER shop_search_stock AFTER UPDATE OF stock ON shop_product
        FOR EACH ROW WHEN (NEW.is_listed AND (OLD.stock > 0) IS DISTINCT FROM (NEW.stock > 0))
        EXECUTE FUNCTION shop_search_stock();
    CREATE TRIGGER shop_search_delete AFTER DELETE ON shop_product
        FOR EACH ROW WHEN (OLD.is_listed) EXECUTE FUNCTION shop_search_gone();
    CREATE TRIGGER shop_search_truncate AFTER TRUNCATE ON shop_product
        FOR EACH STATEMENT EXECUTE FUNCTION shop_search_emptied();
    CREATE TRIGGER shop_search_text AFTER INSERT OR UPDATE OR DELETE ON shop_producttext
        FOR EACH ROW EXECUTE FUNCTION shop_search_text();
"""
_FILLING = "SELECT count(shop_search_write(id)) FROM shop_product WHERE is_listed"
_ROWS = 1000
_REFILLING = """
    SELECT max(id) FROM (
        SELECT id, shop_search_write(id) FROM shop_product WHERE is_listed AND id > %s ORDER BY id LIMIT %s
    ) AS part
"""
_REMOVAL = """
    DROP TRIGGER IF EXISTS shop_search_text ON shop_producttext;
    DROP TRIGGER IF EXISTS shop_search_truncate ON shop_product;
    DROP TRIGGER IF EXISTS shop_search_delete ON shop_product;
    DROP TRIGGER IF EXISTS shop_search_stock ON shop_product;
    DROP TRIGGER IF EXISTS shop_search_update ON shop_product;
    DROP TRIGGER IF EXISTS shop_search_insert ON shop_product;
    DROP FUNCTION IF EXISTS shop_search_text, shop_search_emptied, shop_search_gone, shop_search_stock,
        shop_search_product, shop_search_write, shop_search_document, shop_search_language, shop_search_spelled,
        shop_search_folded;
    DROP TABLE IF EXISTS shop_search_word, shop_search;
"""


_TRIGRAMS: dict[str, bool] = {}


def configuration(language: str) -> str:
    """PostgreSQL's text search configuration for a language; "simple", without stemming, if there is none."""
    return _STEMS.get(language.partition("-")[0], "simple")


def install(connection: BaseDatabaseWrapper) -> None:
    with connection.cursor() as cursor:
        for statement in _statements():
            cursor.execute(statement)
    _install_trigrams(connection)


def update(connection: BaseDatabaseWrapper, *, folds: bool = True) -> None:
    """Index every product anew, with folded text or without, a thousand in a transaction: others keep writing."""
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        for statement in (*_writing(), *(() if folds else folding.without_folding())):
            cursor.execute(statement)
        cursor.execute("DELETE FROM shop_search_word")
    last: int | None = 0
    while last is not None:
        with connection.cursor() as cursor:
            cursor.execute(_REFILLING, [last, _ROWS])
            last = cursor.fetchone()[0]


def remove(connection: BaseDatabaseWrapper) -> None:
    """Keeps the `pg_trgm` extension, which others may use in this database."""
    with connection.cursor() as cursor:
        cursor.execute(_REMOVAL)


def has_trigrams(connection: BaseDatabaseWrapper) -> bool:
    """Cached per process and database: an index created later is used after a restart."""
    name = str(connection.settings_dict["NAME"])
    if name not in _TRIGRAMS:
        _TRIGRAMS[name] = _query_trigrams(connection)
    return _TRIGRAMS[name]


def _query_trigrams(connection: BaseDatabaseWrapper) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('shop_search_word_alike') IS NOT NULL")
        return bool(cursor.fetchone()[0])


def _statements() -> Iterator[str]:
    cases = " ".join(f"WHEN '{code}' THEN '{name}'" for code, name in _STEMS.items())
    yield _TABLES
    yield _LANGUAGE.format(cases=cases)
    yield from _writing()
    yield _FUNCTIONS
    yield _TRIGGERS
    yield _FILLING


def _writing() -> Iterator[str]:
    yield from folding.functions()
    yield _DOCUMENT
    yield _WRITE.format(own=configuration(settings.LANGUAGE_CODE))


def _install_trigrams(connection: BaseDatabaseWrapper) -> None:
    """Creating an extension may not be permitted. Without it, misspelt words are matched by their first letter."""
    try:
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
            cursor.execute("CREATE INDEX shop_search_word_alike ON shop_search_word USING gist (word gist_trgm_ops)")
    except DatabaseError as error:
        log.warning("pg_trgm is not available; search corrections use the first letter instead: %s", str(error).strip())
