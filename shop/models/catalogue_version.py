"""Model of the catalogue's version."""

from django.db import models


class CatalogueStamp(models.Model):
    """Part of the catalogue's version, which is all stamps together (`shop.catalogue.version`).

    Triggers replace a stamp by a random one in the transaction of each change that shoppers can see. There are about
    as many rows as transactions have ever changed the catalogue at the same time, so that none waits for another.
    """

    stamp = models.CharField(max_length=36)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.stamp
