"""Stores uploaded pictures, and hands them to products."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from shop.models import StoredPicture
from shop.pictures.decoding import Decoded, PictureRefused, decode
from shop.pictures.sizes import new_name, variants
from shop.pictures.unused import discard

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Staged:
    """An upload whose files are stored, but not yet any product's; or `error`, which says why it was refused."""

    name: str = ""
    width: int = 0
    height: int = 0
    error: str = ""
    is_kept: bool = False

    def keep(self) -> None:
        self.is_kept = True


@contextmanager
def staged(file: IO[bytes], *, size: int) -> Iterator[Staged]:
    """Check and store an upload, outside any transaction. On exit it is deleted, unless `adopt` was committed."""
    stage = _staged(file, size=size)
    try:
        yield stage
    finally:
        if stage.name and not stage.is_kept:
            discard(stage.name)


def adopt(*, stage: Staged | None, instead_of: str) -> None:
    """A product saved in this transaction has the staged picture, or none; it gives up the one named."""
    StoredPicture.objects.filter(name=instead_of).update(stored_at=timezone.now())
    if stage is not None:
        transaction.on_commit(stage.keep)


def _staged(file: IO[bytes], *, size: int) -> Staged:
    try:
        decoded = decode(file, size=size)
    except PictureRefused as refusal:
        return Staged(error=str(refusal))
    name = new_name(decoded.files)
    StoredPicture.objects.create(name=name)
    try:
        _write(name, decoded)
    except Exception:  # each storage has errors of its own
        log.exception("The media storage failed to store a picture.")
        discard(name)
        return Staged(error=_("The picture could not be stored, and nothing was changed. Try again in a minute."))
    return Staged(name=name, width=decoded.width, height=decoded.height)


def _write(name: str, decoded: Decoded) -> None:
    files = variants(name, decoded.width, decoded.height)
    for variant, content in zip(files, decoded.files, strict=True):
        given = default_storage.save(variant.name, ContentFile(content))
        if given != variant.name:
            default_storage.delete(given)
            raise FileExistsError(variant.name)
