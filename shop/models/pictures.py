"""Model of the pictures in the media storage."""

from django.db import models
from django.utils import timezone


class StoredPicture(models.Model):
    """One uploaded picture's files. Written before the files are, so that no file is left that nothing knows of.

    `name` is that of the largest file. `stored_at` is when it was stored or, later, given up by its product.
    """

    name = models.CharField(max_length=100, unique=True)
    stored_at = models.DateTimeField(default=timezone.now)

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["stored_at"], name="shop_storedpicture_stored")]

    def __str__(self) -> str:
        return self.name
