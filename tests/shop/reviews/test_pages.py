"""Review pages: who may write, form validation, escaping and pagination."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from shop.catalogue.reviews.services import publish_examples, write_review
from shop.models import Review
from tests.factories import CategoryFactory, ProductFactory, UserFactory
from tests.shop.catalogue.test_pages import MOST_STATEMENTS, text
from tests.shop.reviews.test_services import SAID, buyer

pytestmark = pytest.mark.django_db


@pytest.fixture
def product():
    return ProductFactory.create(name="Teapot", category=CategoryFactory.create())


def form_of(product) -> str:
    return f"{product.get_absolute_url()}review/"


def test_a_guest_is_asked_to_sign_in(client, product):
    assert "sign in to write a review" in text(client.get(product.get_absolute_url()))
    response = client.post(form_of(product), SAID)
    assert response.status_code == 302
    assert response["Location"].startswith("/account/login/")
    assert not Review.objects.exists()


def test_a_non_buyer_sees_why_and_a_forged_form_is_refused(client, product):
    client.force_login(UserFactory.create())
    page = text(client.get(product.get_absolute_url()))
    assert "as soon as your order ships" in page
    assert form_of(product) not in page
    assert client.get(form_of(product)).status_code == 403
    response = client.post(form_of(product), SAID)
    assert response.status_code == 403
    assert "We found no such order" in text(response)
    assert not Review.objects.exists()


def test_a_buyer_writes_changes_and_deletes_a_review(client, product):
    client.force_login(buyer(product, first_name="Ada", last_name="Lovelace"))
    assert "Write a review" in text(client.get(product.get_absolute_url()))
    page = text(client.post(form_of(product), SAID, follow=True))
    assert "Ada L." in page
    assert "Lovelace" not in page
    assert "Verified buyer" in page
    assert "Edit your review" in page
    assert 'value="4"' in text(client.get(form_of(product)))
    client.post(form_of(product), SAID | {"title": "Even better", "stars": 5})
    assert Review.objects.get().title == "Even better"
    client.post(f"{form_of(product)}withdraw/")
    assert not Review.objects.exists()


@pytest.mark.parametrize(
    "wrong", [{"stars": "6"}, {"stars": "0"}, {"stars": ""}, {"title": ""}, {"title": "x" * 81}, {"text": "x" * 2001}]
)
def test_an_invalid_form_is_shown_again(client, product, wrong):
    client.force_login(buyer(product))
    response = client.post(form_of(product), SAID | wrong)
    assert response.status_code == 200
    assert "errorlist" in text(response)
    assert not Review.objects.exists()


def test_markup_in_a_review_stays_text(client, product):
    hostile = "</script><script>alert(1)</script><b>bold</b>"
    write_review(user=buyer(product, first_name="<i>Ada"), product=product, stars=5, title=hostile, text=hostile)
    for path in ("/", product.get_absolute_url()):
        page = text(client.get(path))
        assert "<script>alert" not in page
        assert "<b>bold" not in page
        assert "<i>Ada" not in page
        assert "&lt;b&gt;bold" in page


def test_statements_do_not_grow_with_the_reviews(client, product):
    publish_examples(reviews=[Review(product=product, author=f"A{n}", stars=5, title="t", text="t") for n in range(60)])
    client.force_login(buyer(product))
    client.post("/basket/add/", {"sku": product.sku})
    assert connection.features.supports_json_field, "asked once a process"
    for path in (product.get_absolute_url(), f"{product.get_absolute_url()}?reviews=3", "/"):
        with CaptureQueriesContext(connection) as captured:
            assert client.get(path).status_code == 200
        assert len(captured) <= MOST_STATEMENTS, path


@pytest.mark.parametrize("page", ["2", "99", "0", "-1", "x", ""])
def test_any_page_number_shows_a_page(client, product, page):
    publish_examples(reviews=[Review(product=product, author="A", stars=5, title="t") for _ in range(7)])
    assert client.get(product.get_absolute_url(), {"reviews": page}).status_code == 200


def test_cards_show_the_average(client, product):
    publish_examples(reviews=[Review(product=product, author="A", stars=stars, title="t") for stars in (5, 4)])
    assert "4.5 out of 5 stars" in text(client.get("/products/"))
