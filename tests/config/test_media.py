"""Settings of uploaded pictures: which storage keeps them, and where browsers find them."""

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.parts.media import media

_NAMES = ("MEDIA_ROOT", "MEDIA_URL", "CONVEYOR_MEDIA_STORAGE", "CONVEYOR_MEDIA_OPTIONS")


@pytest.fixture(autouse=True)
def _unset(monkeypatch):
    for name in _NAMES:
        monkeypatch.delenv(name, raising=False)


def test_files_are_kept_in_the_folder_of_the_run_by_default():
    found = media(var_dir=Path("/srv/var"))
    assert (found.root, found.url, found.origins) == (Path("/srv/var/media"), "/media/", [])
    assert found.storage == {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {}}


def test_an_object_store_is_a_setting(monkeypatch):
    monkeypatch.setenv("CONVEYOR_MEDIA_STORAGE", "storages.backends.s3.S3Storage")
    monkeypatch.setenv("CONVEYOR_MEDIA_OPTIONS", '{"bucket_name": "shop"}')
    monkeypatch.setenv("MEDIA_URL", "https://cdn.example:8443/shop/")
    found = media(var_dir=Path("/srv/var"))
    assert found.storage == {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": {"bucket_name": "shop"}}
    assert found.origins == ["https://cdn.example:8443"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MEDIA_URL", "/media"),
        ("MEDIA_URL", "media/"),
        ("MEDIA_URL", "//cdn.example/"),
        ("MEDIA_URL", "javascript:alert(1)/"),
        ("MEDIA_URL", "https://a b/"),
        ("MEDIA_URL", "https://cdn.example;script-src */"),
        ("MEDIA_URL", "/a b/"),
        ("CONVEYOR_MEDIA_STORAGE", "S3Storage"),
        ("CONVEYOR_MEDIA_STORAGE", "storages; import os"),
        ("CONVEYOR_MEDIA_OPTIONS", "[]"),
        ("CONVEYOR_MEDIA_OPTIONS", "{bucket: 1}"),
    ],
)
def test_a_wrong_value_stops_the_start_with_its_name(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    with pytest.raises(ImproperlyConfigured, match=name):
        media(var_dir=Path("/srv/var"))


def test_a_secret_among_the_options_is_not_repeated(monkeypatch):
    monkeypatch.setenv("CONVEYOR_MEDIA_OPTIONS", '{"secret_key": "hush"')
    with pytest.raises(ImproperlyConfigured) as error:
        media(var_dir=Path("/srv/var"))
    assert "hush" not in str(error.value)
