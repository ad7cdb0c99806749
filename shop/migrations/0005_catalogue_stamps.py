"""The triggers of the catalogue's version as they are now, and one stamp instead of all that have piled up."""

from django.db import migrations

from shop.catalogue.version import triggers


def update(apps, schema_editor):
    triggers.update(schema_editor.connection)
    if schema_editor.connection.vendor == "postgresql":
        # A new stamp: those that remained could be the whole version of an earlier catalogue.
        schema_editor.execute("DELETE FROM shop_cataloguestamp")
        schema_editor.execute("SELECT shop_catalogue_restamp()")


class Migration(migrations.Migration):
    dependencies = [("shop", "0004_catalogue_version")]

    # Nothing backwards: older code works with these triggers.
    operations = [migrations.RunPython(update, migrations.RunPython.noop, elidable=False)]
