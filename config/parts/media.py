"""Where uploaded pictures are stored, and at which address a browser finds them."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from config import env

_FILES = "django.core.files.storage.FileSystemStorage"
_DOTTED = re.compile(r"[a-zA-Z_]\w*(\.[a-zA-Z_]\w*)+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Media:
    """`origins` are those of pictures besides the shop's own."""

    root: Path
    url: str
    storage: dict[str, Any]
    origins: list[str]


def media(*, var_dir: Path) -> Media:
    url = _url()
    parts = urlsplit(url)
    return Media(
        root=Path(env.text("MEDIA_ROOT") or var_dir / "media").resolve(),
        url=url,
        storage={"BACKEND": _backend(), "OPTIONS": _options()},
        origins=[f"{parts.scheme}://{parts.netloc}"] if parts.netloc else [],
    )


def _url() -> str:
    url = env.text("MEDIA_URL") or "/media/"
    parts = urlsplit(url)
    is_path = not parts.scheme and not parts.netloc and re.fullmatch(r"/[\w/-]+/", url, re.ASCII) and "//" not in url
    is_address = parts.scheme in ("http", "https") and re.fullmatch(r"[\w.:\[\]-]+", parts.netloc, re.ASCII)
    if not url.endswith("/") or not (is_path or is_address):
        raise ImproperlyConfigured(
            f"MEDIA_URL is {url!r}; it must be a path such as /media/ or an address such as https://cdn.example/, "
            "and end with a slash."
        )
    return url


def _backend() -> str:
    backend = env.text("CONVEYOR_MEDIA_STORAGE") or _FILES
    if not _DOTTED.fullmatch(backend):
        raise ImproperlyConfigured(
            f"CONVEYOR_MEDIA_STORAGE is {backend!r}; it must be the dotted path of a Django storage, "
            "such as storages.backends.s3.S3Storage."
        )
    return backend


def _options() -> dict[str, Any]:
    """The value may hold a secret, so the error does not repeat it."""
    text = env.text("CONVEYOR_MEDIA_OPTIONS") or "{}"
    try:
        options = json.loads(text)
    except ValueError:
        options = None
    if not isinstance(options, dict):
        raise ImproperlyConfigured(
            'CONVEYOR_MEDIA_OPTIONS must be a JSON object with the storage\'s options, such as {"bucket_name": "shop"}.'
        )
    return options
