"""How does the search get its index, and the triggers that keep it right?"""

from django.db import migrations

from shop.catalogue.search import index


def install(apps, schema_editor):
    index.install(schema_editor.connection)


def remove(apps, schema_editor):
    index.remove(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [
        ("shop", "0005_ways_of_sorting"),
    ]

    operations = [
        migrations.RunPython(install, remove, elidable=False),
    ]
