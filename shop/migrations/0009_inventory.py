"""How do goods that run low get known, and how do movements of stock become a record that nobody can change?"""

import django.db.models.deletion
from django.db import migrations, models

import shop.models.catalogue
from messaging.models import append_only

TABLE = "shop_stockmovement"


def forbid(apps, schema_editor):
    for statement in append_only.forbid(schema_editor.connection, TABLE):
        schema_editor.execute(statement, params=None)


def allow(apps, schema_editor):
    for statement in append_only.allow(schema_editor.connection, TABLE):
        schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [
        ("shop", "0008_user_email_unique"),
    ]

    operations = [
        migrations.CreateModel(
            name="LowStock",
            fields=[],
            options={
                "verbose_name": "product that runs low",
                "verbose_name_plural": "low stock",
                "proxy": True,
                "default_permissions": (),
                "indexes": [],
                "constraints": [],
            },
            bases=("shop.product",),
        ),
        migrations.AlterModelOptions(
            name="product",
            options={
                "ordering": ["position", "id"],
                "permissions": [("restock_product", "Can restock products"), ("correct_stock", "Can correct stock")],
            },
        ),
        migrations.AddField(
            model_name="product",
            name="reorder_level",
            field=models.PositiveIntegerField(
                db_default=5,
                default=shop.models.catalogue.default_reorder_level,
                help_text="at so many pieces, or fewer, it should be ordered anew",
            ),
        ),
        migrations.AddField(
            model_name="product",
            name="runs_low",
            field=models.GeneratedField(
                db_persist=True,
                expression=models.Q(("stock__lte", models.F("reorder_level"))),
                output_field=models.BooleanField(),
            ),
        ),
        migrations.AddIndex(
            model_name="product",
            index=models.Index(
                condition=models.Q(("is_listed", True), ("runs_low", True)), fields=["id"], name="shop_low_stock"
            ),
        ),
        migrations.AddField(
            model_name="stockmovement",
            name="note",
            field=models.CharField(blank=True, db_default="", default="", max_length=200),
        ),
        migrations.AddIndex(
            model_name="stockmovement",
            index=models.Index(
                fields=["product", "-at", "-id", "quantity", "reason"], name="shop_stockmovement_newest"
            ),
        ),
        # The index above begins with the product, so that it needs none of its own.
        migrations.AlterField(
            model_name="stockmovement",
            name="product",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="movements",
                to="shop.product",
            ),
        ),
        # Last, since SQLite makes a table anew to change it, and forgets its triggers.
        migrations.RunPython(forbid, allow),
    ]
