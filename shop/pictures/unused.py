"""Deletes the files of pictures that no product has: replaced ones, and those of uploads that were cut off."""

import logging
from datetime import timedelta

from django.core.files.storage import default_storage
from django.db.models import Exists, OuterRef
from django.utils import timezone

from shop.models import Product, StoredPicture
from shop.pictures.sizes import all_names

log = logging.getLogger(__name__)

#: Pages that are open show a picture for a while after it was replaced.
UNUSED_KEPT = timedelta(hours=1)
#: Pictures of one step: an object store that does not answer may hold up each of its files.
_BATCH = 1


def delete_unused() -> int:
    """Delete some pictures that no product has. Returns how many: 0 once none is left."""
    used = Product.objects.filter(picture=OuterRef("name"))
    old = StoredPicture.objects.filter(~Exists(used), stored_at__lt=timezone.now() - UNUSED_KEPT)
    names = list(old.order_by("stored_at").values_list("name", flat=True)[:_BATCH])
    for name in names:
        _delete(name)
    return len(names)


def discard(name: str) -> None:
    """Whether the transaction was committed may be unknown, so the product decides. What fails here is done later."""
    try:
        if not Product.objects.filter(picture=name).exists():
            _delete(name)
    except Exception:
        log.warning("The files of %s are deleted later.", name, exc_info=True)


def _delete(name: str) -> None:
    """A storage that fails is asked again after the next interval, so that it does not keep others from their turn."""
    try:
        for each in all_names(name):
            default_storage.delete(each)
    except Exception:
        log.warning("The media storage failed to delete %s.", name, exc_info=True)
        StoredPicture.objects.filter(name=name).update(stored_at=timezone.now())
    else:
        StoredPicture.objects.filter(name=name).delete()
