"""The admin's forms beside other people and the stockroom: nothing that happened since is undone."""

from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.db import IntegrityError, connection, connections
from django.test import Client
from django.urls import reverse

from shop.catalogue.admin import ProductAdmin
from shop.catalogue.admin_forms import ProductForm
from shop.models import Category, CategoryText, Product, ProductText, StockMovement
from shop.stock.services import restock
from tests.factories import CategoryFactory, ProductFactory, client_with
from tests.patience import PATIENCE
from tests.races import meanwhile_elsewhere

pytestmark = pytest.mark.django_db(transaction=True)
CHANGED = "Somebody changed it after you opened this page. Nothing was saved"
NO_TEXTS = {f"texts-{name}": "0" for name in ("TOTAL_FORMS", "INITIAL_FORMS")}
#: Seconds in which goods arrive that wait for nothing.
_ENOUGH = 0.5


@pytest.fixture
def staff() -> Client:
    return client_with("view_product", "change_product", "view_category", "change_category", "view_producttext")


def url(row: Product | Category) -> str:
    return reverse(f"admin:shop_{row._meta.model_name}_change", args=[row.pk])


def opened(client: Client, row: Product | Category) -> dict[str, Any]:
    """The form of the page, as a browser would send it."""
    page = client.get(url(row))
    form = page.context["adminform"].form
    assert f'name="seen" value="{form["seen"].value()}"' in page.text
    values = {name: form[name].value() for name in form.fields}
    fields = {name: str(value) for name, value in values.items() if value and name != "picture"}
    fields |= {"position": "0"}
    for formset in page.context["inline_admin_formsets"]:
        fields |= {f"{formset.formset.prefix}-{name}": "0" for name in ("TOTAL_FORMS", "INITIAL_FORMS")}
    return fields


def test_a_stale_page_does_not_undo_the_price_of_a_colleague(staff):
    product = ProductFactory.create(price=1250)
    stale, other = opened(staff, product), opened(staff, product)
    assert staff.post(url(product), other | {"price": "9.90"}).status_code == 302
    shown = staff.post(url(product), stale | {"tagline": "new"}).text
    assert CHANGED in shown
    assert "must be an integer" not in shown
    product.refresh_from_db()
    assert (product.price, product.tagline) == (990, "")
    assert staff.post(url(product), opened(staff, product) | {"tagline": "new"}).status_code == 302
    product.refresh_from_db()
    assert (product.price, product.tagline) == (990, "new")


def test_stock_and_ratings_make_no_page_stale(staff):
    product = ProductFactory.create()
    page = opened(staff, product)
    restock(quantities={product.pk: 3})
    Product.objects.filter(pk=product.pk).update(rating_count=1, rating_sum=5)
    assert staff.post(url(product), page | {"tagline": "new"}).status_code == 302


def test_a_text_in_another_language_makes_it_stale(staff):
    product, category = ProductFactory.create(), CategoryFactory.create()
    pages = [(row, opened(staff, row)) for row in (product, category)]
    ProductText.objects.create(product=product, language="de", name="Lampe")
    CategoryText.objects.create(category=category, language="de", name="Licht")
    for row, page in pages:
        assert CHANGED in staff.post(url(row), page | {"name": "other"}).text


def test_a_stale_page_does_not_undo_the_colour_of_a_category(staff):
    category = CategoryFactory.create(colour="blue")
    stale = opened(staff, category)
    Category.objects.update(colour="rose")
    assert CHANGED in staff.post(url(category), stale | {"name": "other"}).text
    category.refresh_from_db()
    assert category.colour == "rose"


@pytest.mark.parametrize("price", ["9.90", "9,9", "12.50"])
def test_the_second_of_two_clicks_is_no_stale_page(staff, price):
    product, category = ProductFactory.create(price=1250), CategoryFactory.create()
    for row, changes in ((product, {"price": price, "tagline": "new"}), (category, {"name": "other"})):
        page = opened(staff, row) | changes
        assert [staff.post(url(row), page).status_code for _click in range(2)] == [302, 302]


def test_an_old_page_that_changes_nothing_does_not_undo_what_a_colleague_changed(staff):
    product = ProductFactory.create(reorder_level=5)
    page = opened(staff, product) | {"initial-reorder_level": "5", "initial-currency": "EUR"}
    Product.objects.update(reorder_level=7)
    assert CHANGED in staff.post(url(product), page).text
    product.refresh_from_db()
    assert product.reorder_level == 7


def test_the_second_of_two_clicks_after_a_text_was_written_is_refused(staff):
    product = ProductFactory.create()
    page = opened(staff, product) | {"tagline": "new"}
    staff.post(url(product), page)
    ProductText.objects.create(product=product, language="de", name="Lampe")
    assert CHANGED in staff.post(url(product), page).text


def test_goods_that_arrive_in_the_moment_of_a_save_are_kept(staff, monkeypatch):
    product = ProductFactory.create()
    restock(quantities={product.pk: 10})
    page, arrivals = opened(staff, product), list[Future[None]]()

    def arrive() -> None:
        try:
            restock(quantities={product.pk: 1})
        finally:
            connections.close_all()

    def clean(form: ProductForm) -> dict[str, Any]:
        arrivals.append(pool.submit(arrive))
        wait(arrivals, _ENOUGH)
        return original(form)

    original = ProductForm.clean
    monkeypatch.setattr(ProductForm, "clean", clean)
    before = Product.objects.get(pk=product.pk).stock
    with ThreadPoolExecutor(1) as pool:
        assert staff.post(url(product), page | {"tagline": "new"}).status_code == 302
        arrivals[0].result(PATIENCE)
    product.refresh_from_db()
    assert (product.stock, product.tagline) == (before + 1, "new")


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
@pytest.mark.parametrize("of_list", [True, False])
@pytest.mark.parametrize("kind", ["category", "product"])
def test_what_a_colleague_has_just_begun_to_use_is_not_deleted(kind, of_list):
    client = client_with(f"view_{kind}", f"delete_{kind}", "delete_producttext", "delete_categorytext")
    category, product = CategoryFactory.create(), ProductFactory.create(stock=0)
    row, use = {
        "category": (category, lambda: Product.objects.filter(pk=product.pk).update(category=category)),
        "product": (product, lambda: StockMovement.objects.create(product=product, quantity=3, reason="restock")),
    }[kind]
    chosen = {"action": "delete_selected", "_selected_action": row.pk} if of_list else {}
    address = reverse(f"admin:shop_{kind}_changelist") if of_list else f"{url(row)[: -len('change/')]}delete/"
    with meanwhile_elsewhere(use, before="DELETE FROM"):
        page = client.post(address, {"post": "yes"} | chosen)
    assert (page.status_code, "Cannot delete" in page.text) == (200, True)
    assert "Successfully" not in client.get("/admin/").text
    assert type(row).objects.filter(pk=row.pk).exists()
    assert not LogEntry.objects.exists()


def test_a_product_that_is_saved_at_the_second_try_is_reported_once(monkeypatch):
    """Foreign keys are checked at the commit, after the answer was written."""
    client, category = client_with("add_product", "view_product"), CategoryFactory.create()
    form = client.get("/admin/shop/product/add/").context["adminform"].form
    values = {name: form[name].value() for name in form.fields}
    page = {name: value for name, value in values.items() if value} | {"name": "Lamp", "sku": "LAMP", "slug": "lamp"}
    page |= {"price": "9.90", "category": category.pk, "position": 0, "reorder_level": 0, "description": "bright"}
    respond = ProductAdmin.response_add

    def refused(*arguments: Any) -> Any:
        monkeypatch.setattr(ProductAdmin, "response_add", respond)
        respond(*arguments)
        raise IntegrityError("at the commit")

    monkeypatch.setattr(ProductAdmin, "response_add", refused)
    shown = client.post("/admin/shop/product/add/", page | NO_TEXTS, follow=True)
    assert shown.text.count("added successfully") == Product.objects.count() == 1
