"""On SQLite the search index lists its words by column, so that item numbers are not offered as corrections.

Older code reads the same tables, without the column.
"""

from django.db import migrations

from shop.catalogue.search import index


def list_by_column(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        index.update(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [("shop", "0017_list_indexes")]

    operations = [migrations.RunPython(list_by_column, migrations.RunPython.noop, elidable=False)]
