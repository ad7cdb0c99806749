"""What keeps a process from starting."""

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from shop.site import starting


def strict_storage(**options: Any) -> None:
    """Some libraries repeat the value that they refuse."""
    raise ValueError(f"Wrong value: {options['key']}")


def test_a_secret_of_the_media_storage_is_not_repeated(settings):
    backend = f"{__name__}.strict_storage"
    settings.STORAGES = settings.STORAGES | {"default": {"BACKEND": backend, "OPTIONS": {"key": "hush"}}}
    with pytest.raises(ImproperlyConfigured, match=r"CONVEYOR_MEDIA_STORAGE.*: ValueError\. ") as refused:
        starting.require_settings()
    assert "hush" not in str(refused.value)
