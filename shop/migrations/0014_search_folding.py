"""The search index holds folded text: neither accents nor how they are encoded make a difference.

Not in one transaction: on PostgreSQL products are indexed anew while the shop is open.
"""

from django.db import migrations

from shop.catalogue.search import index


def fold(apps, schema_editor):
    index.update(schema_editor.connection)


def unfold(apps, schema_editor):
    index.update(schema_editor.connection, folds=False)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("shop", "0013_goods")]

    operations = [migrations.RunPython(fold, unfold, elidable=False)]
