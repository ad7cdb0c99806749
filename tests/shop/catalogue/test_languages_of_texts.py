"""Translated catalogue texts, at no extra statement."""

import pytest
from django.utils import translation

from shop.catalogue import selectors as catalogue
from shop.demo.products import CATEGORIES, CATEGORY_TEXTS, PRODUCT_TEXTS, PRODUCTS
from shop.demo.seed_catalogue import create_catalogue
from shop.models import CategoryText, Product, ProductText
from tests.factories import CategoryFactory, ProductFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def lamp():
    shelf = CategoryFactory.create(name="Home", slug="home", blurb="For rooms")
    CategoryText.objects.create(category=shelf, language="de", name="Wohnen", blurb="Für Räume")
    lamp = ProductFactory.create(sku="LAMP", slug="lamp", name="Lamp", tagline="Bright", category=shelf)
    ProductText.objects.create(product=lamp, language="de", name="Lampe")
    return lamp


@pytest.mark.parametrize("language", ["de", "de-at"])
def test_texts_of_the_active_language_are_shown(lamp, language):
    with translation.override(language):
        for shown in (
            catalogue.product(slug="lamp"),
            catalogue.listed_product(sku="LAMP"),
            catalogue.by_sku(skus=["LAMP"])["LAMP"],
            *catalogue.products(),
        ):
            assert shown.name == "Lampe"
            assert shown.category.name == "Wohnen"
        (category,) = catalogue.categories()
        assert (category.name, category.blurb) == ("Wohnen", "Für Räume")
        assert catalogue.category(slug="home").name == "Wohnen"


def test_a_missing_translation_falls_back_to_the_original(lamp):
    with translation.override("de"):
        assert catalogue.product(slug="lamp").tagline == "Bright"
    with translation.override("fr"):
        assert catalogue.product(slug="lamp").name == "Lamp"


@pytest.mark.parametrize("language", ["en", "en-gb", "de"])
def test_translations_cost_no_extra_statement(lamp, language, django_assert_num_queries):
    with translation.override(language), django_assert_num_queries(2):
        for product in catalogue.by_sku(skus=["LAMP"]).values():
            assert product.category.name
        catalogue.categories()


def test_translations_never_overwrite_the_original(lamp):
    with translation.override("de"):
        shown = catalogue.product(slug="lamp")
        with pytest.raises(TypeError):
            shown.save()
    assert Product.objects.get().name == "Lamp"


def test_the_demo_seeds_its_texts_once():
    for _ in range(2):
        create_catalogue()
    assert ProductText.objects.count() == sum(map(len, PRODUCT_TEXTS.values()))
    assert CategoryText.objects.count() == sum(map(len, CATEGORY_TEXTS.values()))
    with translation.override("de"):
        assert catalogue.listed_product(sku="STU-001").name == "Studiogitarre"


def test_every_text_of_the_demo_belongs_to_something():
    for texts in PRODUCT_TEXTS.values():
        assert texts.keys() <= {product.sku for product in PRODUCTS}
    for categories in CATEGORY_TEXTS.values():
        assert categories.keys() <= {category.slug for category in CATEGORIES}
