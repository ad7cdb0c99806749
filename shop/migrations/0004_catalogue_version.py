"""The catalogue's version, and the triggers that change it."""

from django.db import migrations, models

from shop.catalogue.version import triggers


def install(apps, schema_editor):
    triggers.install(schema_editor.connection)


def remove(apps, schema_editor):
    triggers.remove(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [("shop", "0003_list_indexes")]

    operations = [
        migrations.CreateModel(
            name="CatalogueStamp",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("stamp", models.CharField(max_length=36)),
            ],
            options={"default_permissions": ()},
        ),
        migrations.RunPython(install, remove, elidable=False),
    ]
