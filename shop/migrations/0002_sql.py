"""Search index with its triggers, and append-only triggers on stock movements."""

from django.db import migrations

from messaging.operations.append_only import ForbidChanges
from shop.catalogue.search import index


def install(apps, schema_editor):
    index.install(schema_editor.connection)


def remove(apps, schema_editor):
    index.remove(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [("shop", "0001_initial")]

    operations = [migrations.RunPython(install, remove, elidable=False), ForbidChanges("shop_stockmovement")]
