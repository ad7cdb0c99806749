"""Pictures uploaded in the admin: stored, shown, replaced, removed; a failed save leaves nothing."""

import errno
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from shop.models import Product, ProductText, StoredPicture
from shop.pictures import unused
from shop.pictures.decoding import MAX_BYTES
from shop.pictures.unused import delete_unused
from tests.factories import ProductFactory, client_with
from tests.shop.pictures.images import drawn, encoded
from tests.shop.pictures.object_store import ADDRESS, SETTINGS, ObjectStore

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def store(settings: Any) -> Iterator[type[ObjectStore]]:
    settings.STORAGES = SETTINGS
    yield ObjectStore
    ObjectStore.reset()


@pytest.fixture
def staff() -> Client:
    return client_with("view_product", "add_product", "change_product")


def fields(product: Product | None = None, **changes: Any) -> dict[str, Any]:
    return {
        "sku": product.sku if product else "NEW",
        "slug": product.slug if product else "new",
        "name": product.name if product else "New",
        "price": "12.50",
        "currency": "EUR",
        "tax_class": "standard",
        "reorder_level": "5",
        "position": "0",
        "is_listed": "on",
        "texts-TOTAL_FORMS": "0",
        "texts-INITIAL_FORMS": "0",
    } | changes


def upload(client: Client, product: Product, content: bytes, *, name: str = "shoe.jpg", **changes: Any) -> Any:
    file = SimpleUploadedFile(name, content, content_type="image/jpeg")
    url = reverse("admin:shop_product_change", args=[product.pk])
    return client.post(url, fields(product, picture=file, **changes))


def test_an_uploaded_picture_is_stored_in_three_sizes_under_names_of_our_own(staff, store):
    product = ProductFactory.create()
    assert upload(staff, product, encoded(drawn((1500, 1000))), name="../../Grandma's shoe.php").status_code == 302
    product.refresh_from_db()
    assert (product.picture_width, product.picture_height) == (1024, 683)
    assert sorted(store.files) == sorted(product.picture.name.replace("-1024.", f"-{n}.") for n in (256, 512, 1024))
    assert all(content[8:12] == b"WEBP" for content in store.files.values())
    assert "shoe" not in product.picture.name


def test_a_product_is_added_with_its_picture(staff, store):
    file = SimpleUploadedFile("a.png", encoded(kind="PNG"), content_type="text/html")
    assert staff.post(reverse("admin:shop_product_add"), fields(picture=file)).status_code == 302
    assert Product.objects.get(sku="NEW").picture.name in store.files


def test_pages_the_api_and_search_engines_get_the_uploaded_picture(staff, store, client):
    product = ProductFactory.create(image="shop/products/camera.webp")
    before = client.get(product.get_absolute_url()).content.decode()
    upload(staff, product, encoded(drawn((1500, 1000))), picture_alt="A red shoe")
    product.refresh_from_db()
    url = f"{ADDRESS}{product.picture.name}"
    page = client.get(product.get_absolute_url()).content.decode()
    assert url not in before
    assert f"{url} 1024w" in page
    assert 'width="1024"' in page
    assert 'height="683"' in page
    assert 'alt="A red shoe"' in page
    assert f'<meta property="og:image" content="{url}"' in " ".join(page.split())
    assert f'"image": "{url}"' in page
    assert client.get(reverse("api:product", args=[product.sku])).json()["image"] == url
    assert f"{ADDRESS}{product.picture.name.replace('-1024', '-256')} 256w" in client.get("/products/").content.decode()


def test_the_alternative_text_is_translated(staff, client):
    product = ProductFactory.create()
    upload(staff, product, encoded(), picture_alt="A red shoe")
    ProductText.objects.create(product=product, language="de", name="Schuh", picture_alt="Ein roter Schuh")
    page = client.get(product.get_absolute_url(), headers={"accept-language": "de"}).content.decode()
    assert 'alt="Ein roter Schuh"' in page


def test_a_drawn_picture_shows_while_none_is_uploaded(client):
    product = ProductFactory.create(image="shop/products/camera.webp")
    page = client.get(product.get_absolute_url()).content.decode()
    assert "/static/shop/products/camera.webp" in page
    assert "srcset" not in page


@pytest.mark.parametrize("content", [b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"", encoded(drawn((100, 100)))])
def test_a_refused_file_changes_nothing_and_leaves_nothing(staff, store, content):
    product = ProductFactory.create()
    page = upload(staff, product, content, name="shoe.svg", sku="CHANGED")
    assert page.status_code == 200
    assert "errorlist" in page.content.decode()
    product.refresh_from_db()
    assert product.sku != "CHANGED"
    assert not product.picture
    assert not store.files
    assert not StoredPicture.objects.exists()


def test_another_fields_error_leaves_no_file(staff, store):
    product = ProductFactory.create()
    assert upload(staff, product, encoded(), price="much").status_code == 200
    assert not store.files
    assert not StoredPicture.objects.exists()


def test_a_failed_transaction_leaves_no_file(staff, store, monkeypatch):
    def fails(*args: Any) -> None:
        raise IntegrityError

    monkeypatch.setattr("django.contrib.admin.options.ModelAdmin.log_change", fails)
    product = ProductFactory.create()
    with pytest.raises(IntegrityError):
        upload(staff, product, encoded())
    product.refresh_from_db()
    assert not product.picture
    assert not store.files
    assert not StoredPicture.objects.exists()


def test_a_storage_that_fails_halfway_is_reported_and_leaves_no_file(staff, store):
    store.room = 1
    product = ProductFactory.create()
    page = upload(staff, product, encoded())
    assert "could not be stored" in page.content.decode()
    product.refresh_from_db()
    assert not product.picture
    assert not store.files


class FullFolder(TemporaryFileUploadHandler):
    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("handler", [FullFolder, TemporaryFileUploadHandler])
def test_a_full_or_missing_folder_of_uploads_is_reported_and_changes_nothing(staff, store, settings, handler):
    settings.FILE_UPLOAD_HANDLERS = [f"{handler.__module__}.{handler.__name__}"]
    settings.FILE_UPLOAD_TEMP_DIR = "/missing"
    product = ProductFactory.create()
    page = upload(staff, product, encoded(), sku="CHANGED")
    assert page.status_code == 507
    assert "The picture could not be stored, and nothing was changed." in page.content.decode()
    product.refresh_from_db()
    assert product.sku != "CHANGED"
    assert not store.files


def test_nothing_slow_happens_within_a_transaction(staff, monkeypatch):
    inside = []
    save = ObjectStore._save

    def noting(self: Any, name: str, content: Any) -> str:
        inside.append(transaction.get_connection().in_atomic_block)
        return save(self, name, content)

    monkeypatch.setattr(ObjectStore, "_save", noting)
    upload(staff, ProductFactory.create(), encoded())
    assert inside == [False] * 3


def test_a_replaced_picture_is_deleted_an_hour_later(staff, store):
    product = ProductFactory.create()
    upload(staff, product, encoded())
    product.refresh_from_db()
    first = product.picture.name
    StoredPicture.objects.update(stored_at=timezone.now() - timedelta(days=9))
    upload(staff, product, encoded(kind="PNG"))
    product.refresh_from_db()
    assert delete_unused() == 0
    assert first in store.files
    StoredPicture.objects.update(stored_at=timezone.now() - timedelta(minutes=61))
    assert delete_unused() == 1
    assert first not in store.files
    assert product.picture.name in store.files
    assert len(store.files) == 3


def test_a_picture_is_removed(staff, store):
    product = ProductFactory.create()
    upload(staff, product, encoded())
    product.refresh_from_db()
    staff.post(reverse("admin:shop_product_change", args=[product.pk]), fields(product, **{"picture-clear": "on"}))
    product.refresh_from_db()
    assert (product.picture.name, product.picture_width, product.picture_height) == ("", None, None)
    StoredPicture.objects.update(stored_at=timezone.now() - timedelta(hours=2))
    assert delete_unused() == 1
    assert not store.files


def test_saving_without_a_file_keeps_the_picture(staff, store):
    product = ProductFactory.create()
    upload(staff, product, encoded())
    product.refresh_from_db()
    kept = product.picture.name
    staff.post(reverse("admin:shop_product_change", args=[product.pk]), fields(product, name="Other"))
    product.refresh_from_db()
    assert (product.name, product.picture.name, product.picture_width) == ("Other", kept, 600)


def test_files_of_an_upload_that_was_cut_off_are_deleted_in_bounded_steps(store, monkeypatch):
    monkeypatch.setattr(unused, "_BATCH", 2)
    for number in range(5):
        name = f"products/{number:020x}-{number:012x}-1024.webp"
        store.files[name] = store.files[name.replace("1024", "256")] = b""
        StoredPicture.objects.create(name=name, stored_at=timezone.now() - timedelta(hours=2))
    assert [delete_unused() for _ in range(4)] == [2, 2, 1, 0]
    assert not store.files


def test_a_storage_that_is_down_keeps_no_other_maintenance_from_its_turn(store):
    name = f"products/{1:020x}-{1:012x}-1024.webp"
    store.files[name] = b""
    StoredPicture.objects.create(name=name, stored_at=timezone.now() - timedelta(hours=2))
    store.is_down = True
    assert [delete_unused(), delete_unused()] == [1, 0]
    store.is_down = False
    StoredPicture.objects.update(stored_at=timezone.now() - timedelta(hours=2))
    delete_unused()
    assert not store.files


def test_a_file_may_be_larger_than_other_requests_but_not_without_bound(staff):
    product = ProductFactory.create()
    assert upload(staff, product, encoded() + b"\x00" * 3_000_000).status_code == 302
    response = upload(staff, product, b"\x00" * (MAX_BYTES + 2_000_000))
    assert response.status_code == 413
    assert response.content.decode() == "The file has 12 MB; at most 10 MB can be uploaded. Save the picture smaller."
    url = reverse("admin:shop_category_add")
    assert staff.post(url, {"file": SimpleUploadedFile("a", b"\x00" * 3_000_000)}).status_code == 413


def test_who_may_not_change_products_stores_nothing(store):
    product = ProductFactory.create()
    assert upload(client_with("view_product"), product, encoded()).status_code == 403
    assert not store.files


def test_an_upload_with_a_wrong_csrf_token_stores_nothing(store):
    product = ProductFactory.create()
    client = client_with("view_product", "change_product")
    client.handler.enforce_csrf_checks = True
    assert upload(client, product, encoded()).status_code == 403
    assert not store.files
