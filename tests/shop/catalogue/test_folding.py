"""Accents, letter case and their encoding make no difference to the search, on either database."""

from unicodedata import combining, normalize

import pytest
from django.core.management import call_command
from django.db import connection
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shop.catalogue import search
from shop.catalogue import selectors as catalogue
from shop.catalogue.search import Criteria, folded, spelled
from shop.models import Product, ProductText
from tests.factories import CategoryFactory, ProductFactory, client_with

pytestmark = pytest.mark.django_db
#: Latin, Greek and Cyrillic, with and without accents; Hangul and Kana, which Unicode takes apart as well.
LETTERS = "".join(
    chr(number)
    for start, end in (
        (0x61, 0x7B), (0xC0, 0x180), (0x386, 0x3CF), (0x400, 0x460), (0x1E00, 0x1F00),
        (0x3042, 0x3094), (0xAC00, 0xAC40),
    )
    for number in range(start, end)
    if chr(number).isalpha()
)  # fmt: skip


def found(text: str) -> list[str]:
    keys = search.find(criteria=Criteria(search=text))
    skus = dict(Product.objects.values_list("pk", "sku"))
    return [skus[key] for key in keys]


def without_accents(text: str) -> str:
    bare = "".join(sign for sign in normalize("NFD", text) if not combining(sign) or ord(sign) > 0x36F)
    return normalize("NFC", bare)


@pytest.mark.parametrize("name", ["Café Crème", "Cafe\u0301 Cre\u0300me", "CAFÉ CRÈME", "cafe creme"])
@pytest.mark.parametrize("text", ["Café", "Cafe\u0301", "cafe creme", "CRÈME", "cafe\u0301s"[:5], "creme cafe"])
def test_a_cafe_is_found_however_its_accent_is_encoded(name, text):
    ProductFactory.create(sku="CAFE", name=name)
    ProductFactory.create(name="Tea")
    assert found(text) == ["CAFE"]


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("Straßenschuh", ["strasse", "straße", "STRASSE", "STRAẞE"]),
        ("Käfer", ["kafer", "kaefer", "käfer", "KA\u0308FER"]),
        ("Ka\u0308fer", ["kafer", "kaefer", "käfer"]),
        ("Smørrebrød", ["smorrebrod", "smørrebrød"]),
        ("Łódź", ["lodz", "łódź", "ŁÓDŹ"]),
        ("Œuvre", ["oeuvre", "œuvre"]),
        ("Þórr æsir", ["thorr aesir"]),
        ("İstanbul", ["istanbul", "ISTANBUL"]),
        ("Ελλάδα", ["ελλαδα", "ΕΛΛΆΔΑ"]),
        ("Οδυσσεύς", ["οδυσσευσ", "ΟΔΥΣΣΕΎΣ", "οδυσσευς"]),
        ("Чайный", ["чаиныи", "ЧАЙНЫЙ"]),
        ("한글", ["한글", normalize("NFD", "한글")]),
        ("ＣＡＦＥ ﬁne", ["cafe fine"]),
    ],
)
def test_letters_are_found_as_people_type_them(name, texts):
    ProductFactory.create(sku="X", name=name)
    assert [found(text) for text in texts] == [["X"]] * len(texts)


@settings(deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(LETTERS, min_size=2, max_size=12), min_size=1, max_size=3))
def test_any_words_are_found_in_every_encoding_and_without_accents(words):
    name = " ".join(words)
    product = Product.objects.filter(sku="ANY").first() or ProductFactory.create(sku="ANY")
    for stored in (normalize("NFC", name), normalize("NFD", name)):
        Product.objects.filter(pk=product.pk).update(name=stored)
        typed = (normalize("NFC", name), normalize("NFD", name), without_accents(name), name.upper())
        assert [found(text) for text in typed] == [["ANY"]] * len(typed)


@settings(deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=40))
def test_the_database_folds_as_the_program_does(text):
    text = text.replace("\x00", "")
    with connection.cursor() as cursor:
        cursor.execute("SELECT shop_search_folded(%s), shop_search_spelled(%s)", [text, text])
        assert cursor.fetchone() == (folded(text), spelled(text))


@settings(deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=40))
def test_folding_twice_is_folding_once(text):
    assert folded(folded(text)) == folded(text)


def test_categories_translations_skus_and_corrections_are_folded():
    shelf = CategoryFactory.create(name="Kräutertee")
    product = ProductFactory.create(sku="THÉ-1", name="Kanne", category=shelf)
    ProductText.objects.create(product=product, language="de", name="Teekännchen")
    for text in ("krautertee", "kraeuter", "KRÄUTER"):
        assert catalogue.suggestions(query=text).categories == [shelf]
    assert found("the-1") == found("THÉ") == found("teekannchen") == found("teekaennchen") == ["THÉ-1"]
    ProductFactory.create(name="Crème")
    assert search.correction(search="cremme") == search.correction(search="crèmme") == "creme"


def test_an_exact_word_in_the_name_still_ranks_first():
    ProductFactory.create(sku="TEXT", name="Cup", description="For café crème")
    ProductFactory.create(sku="NAME", name="Café")
    assert found("cafe") == found("café") == ["NAME", "TEXT"]


@pytest.mark.parametrize("text", ["creme", "CRÈME", "rem", "cre\u0300me cafe", "the-1", "THÉ"])
def test_staff_find_products_that_are_not_listed_by_any_part(text):
    ProductFactory.create(sku="THÉ-1", name="Café Crème", is_listed=False)
    ProductFactory.create(sku="STOOL-9", name="Stool")
    page = client_with("view_product").get(reverse("admin:shop_product_changelist"), {"q": text}).content.decode()
    assert "Café Crème" in page
    assert "STOOL-9" not in page


@pytest.mark.django_db(transaction=True)
def test_the_migration_folds_what_was_indexed_and_unfolds_it():
    ProductFactory.create(sku="X", name="Café")
    ProductFactory.create_batch(3, name="Tea")
    call_command("migrate", "shop", "0013", verbosity=0)
    try:
        Product.objects.filter(sku="X").update(tagline="Crème")
        if connection.vendor == "postgresql":
            assert found("cafe") == []
    finally:
        call_command("migrate", verbosity=0)
    assert found("cafe creme") == ["X"]
