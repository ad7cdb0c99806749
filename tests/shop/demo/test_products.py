"""Demo catalogue: unique names, existing images, plausible prices, translations."""

from django.contrib.staticfiles import finders

from shop.demo.products import CATEGORIES, CATEGORY_TEXTS, PRODUCT_TEXTS, PRODUCTS


def test_everything_is_named_once():
    for values in ([p.sku for p in PRODUCTS], [p.slug for p in PRODUCTS], [p.name for p in PRODUCTS]):
        assert len(set(values)) == len(values) == 60


def test_every_product_is_in_an_existing_category():
    assert {p.category for p in PRODUCTS} == {c.slug for c in CATEGORIES}


def test_every_picture_exists_with_its_licence():
    assert [p.image for p in PRODUCTS if not finders.find(p.image)] == []
    assert finders.find("shop/products/LICENSE.txt")


def test_some_are_scarce_and_one_is_sold_out():
    assert sum(p.stock == 0 for p in PRODUCTS) == 1
    assert sum(p.stock == 3 for p in PRODUCTS) >= 3
    assert all(p.price > 0 for p in PRODUCTS)


def test_all_of_it_has_a_german_text():
    assert set(PRODUCT_TEXTS["de"]) == {p.sku for p in PRODUCTS}
    assert set(CATEGORY_TEXTS["de"]) == {c.slug for c in CATEGORIES}
    assert all(t.name and t.tagline and t.description for t in PRODUCT_TEXTS["de"].values())
