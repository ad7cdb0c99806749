"""The web process serves uploaded pictures, and nothing else, from where they are stored."""

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

pytestmark = pytest.mark.django_db
NAME = f"products/{'a' * 20}-{'b' * 12}-512.webp"


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def test_a_picture_is_served_to_be_cached_for_ever(client):
    default_storage.save(NAME, ContentFile(b"RIFF" * 500))
    response = client.get(f"/media/{NAME}", headers={"accept-encoding": "gzip"})
    assert (response.status_code, response.content) == (200, b"RIFF" * 500)
    assert response["Content-Type"] == "image/webp"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert set(response["Cache-Control"].split(", ")) == {"public", "max-age=31536000", "immutable"}
    assert "Content-Encoding" not in response
    assert "Cookie" not in response.get("Vary", "")


@pytest.mark.parametrize(
    "path",
    [
        NAME,
        "products/../secret_key",
        "products/%2e%2e/secret_key",
        "",
        "products/",
        f"{NAME}%0a",
        f"{NAME}/",
        NAME.replace("512", "513"),
        NAME.replace("webp", "html"),
    ],
)
def test_anything_else_is_not_found(client, tmp_path, path):
    (tmp_path / "secret_key").write_text("secret")
    response = client.get(f"/media/{path}")
    assert response.status_code == 404
    assert "immutable" not in response.get("Cache-Control", "")


def test_only_reading_is_allowed(client):
    assert client.post(f"/media/{NAME}").status_code == 405
