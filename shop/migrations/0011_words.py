"""What are records and fields called, in words that can be translated? In the database nothing changes."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import shop.models.catalogue


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0004_words"),
        ("shop", "0010_invoices"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="category",
            options={"ordering": ["position", "name"], "verbose_name": "category", "verbose_name_plural": "categories"},
        ),
        migrations.AlterModelOptions(
            name="product",
            options={
                "ordering": ["position", "id"],
                "permissions": [("restock_product", "Can restock products"), ("correct_stock", "Can correct stock")],
                "verbose_name": "product",
                "verbose_name_plural": "products",
            },
        ),
        migrations.AlterModelOptions(
            name="review",
            options={
                "ordering": ["-at", "-id"],
                "permissions": [("moderate_review", "Can hide and show reviews")],
                "verbose_name": "review",
                "verbose_name_plural": "reviews",
            },
        ),
        migrations.AlterModelOptions(
            name="stockmovement",
            options={
                "ordering": ["at", "id"],
                "verbose_name": "stock movement",
                "verbose_name_plural": "stock movements",
            },
        ),
        migrations.AlterField(
            model_name="category",
            name="blurb",
            field=models.CharField(blank=True, max_length=200, verbose_name="blurb"),
        ),
        migrations.AlterField(
            model_name="category",
            name="name",
            field=models.CharField(max_length=60, verbose_name="name"),
        ),
        migrations.AlterField(
            model_name="category",
            name="position",
            field=models.PositiveSmallIntegerField(default=0, verbose_name="position"),
        ),
        migrations.AlterField(
            model_name="category",
            name="slug",
            field=models.SlugField(max_length=60, unique=True, verbose_name="slug"),
        ),
        migrations.AlterField(
            model_name="product",
            name="category",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="products",
                to="shop.category",
                verbose_name="category",
            ),
        ),
        migrations.AlterField(
            model_name="product",
            name="created_at",
            field=models.DateTimeField(default=django.utils.timezone.now, verbose_name="created at"),
        ),
        migrations.AlterField(
            model_name="product",
            name="currency",
            field=models.CharField(default="EUR", max_length=3, verbose_name="currency"),
        ),
        migrations.AlterField(
            model_name="product",
            name="description",
            field=models.TextField(blank=True, verbose_name="description"),
        ),
        migrations.AlterField(
            model_name="product",
            name="image",
            field=models.CharField(blank=True, help_text="path below static/", max_length=100, verbose_name="image"),
        ),
        migrations.AlterField(
            model_name="product",
            name="is_listed",
            field=models.BooleanField(default=True, verbose_name="is listed"),
        ),
        migrations.AlterField(
            model_name="product",
            name="name",
            field=models.CharField(max_length=200, verbose_name="name"),
        ),
        migrations.AlterField(
            model_name="product",
            name="position",
            field=models.PositiveIntegerField(default=0, verbose_name="position"),
        ),
        migrations.AlterField(
            model_name="product",
            name="price",
            field=models.PositiveBigIntegerField(help_text="minor units", verbose_name="price"),
        ),
        migrations.AlterField(
            model_name="product",
            name="rating_count",
            field=models.PositiveIntegerField(db_default=0, default=0, editable=False, verbose_name="rating count"),
        ),
        migrations.AlterField(
            model_name="product",
            name="rating_sum",
            field=models.PositiveIntegerField(db_default=0, default=0, editable=False, verbose_name="rating sum"),
        ),
        migrations.AlterField(
            model_name="product",
            name="reorder_level",
            field=models.PositiveIntegerField(
                db_default=5,
                default=shop.models.catalogue.default_reorder_level,
                help_text="at so many pieces, or fewer, it should be ordered anew",
                verbose_name="reorder level",
            ),
        ),
        migrations.AlterField(
            model_name="product",
            name="sku",
            field=models.CharField(max_length=40, unique=True, verbose_name="sku"),
        ),
        migrations.AlterField(
            model_name="product",
            name="slug",
            field=models.SlugField(max_length=120, unique=True, verbose_name="slug"),
        ),
        migrations.AlterField(
            model_name="product",
            name="stock",
            field=models.IntegerField(default=0, editable=False, verbose_name="stock"),
        ),
        migrations.AlterField(
            model_name="product",
            name="tagline",
            field=models.CharField(blank=True, max_length=120, verbose_name="tagline"),
        ),
        migrations.AlterField(
            model_name="review",
            name="at",
            field=models.DateTimeField(default=django.utils.timezone.now, verbose_name="at"),
        ),
        migrations.AlterField(
            model_name="review",
            name="author",
            field=models.CharField(blank=True, max_length=60, verbose_name="author"),
        ),
        migrations.AlterField(
            model_name="review",
            name="order",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="orders.order",
                verbose_name="order",
            ),
        ),
        migrations.AlterField(
            model_name="review",
            name="product",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="reviews",
                to="shop.product",
                verbose_name="product",
            ),
        ),
        migrations.AlterField(
            model_name="review",
            name="stars",
            field=models.PositiveSmallIntegerField(
                choices=[(1, "1"), (2, "2"), (3, "3"), (4, "4"), (5, "5")], verbose_name="stars"
            ),
        ),
        migrations.AlterField(
            model_name="review",
            name="text",
            field=models.TextField(blank=True, max_length=2000, verbose_name="text"),
        ),
        migrations.AlterField(
            model_name="review",
            name="title",
            field=models.CharField(max_length=80, verbose_name="title"),
        ),
        migrations.AlterField(
            model_name="review",
            name="user",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="reviews",
                to=settings.AUTH_USER_MODEL,
                verbose_name="user",
            ),
        ),
        migrations.AlterField(
            model_name="stockmovement",
            name="at",
            field=models.DateTimeField(default=django.utils.timezone.now, verbose_name="at"),
        ),
        migrations.AlterField(
            model_name="stockmovement",
            name="note",
            field=models.CharField(blank=True, db_default="", default="", max_length=200, verbose_name="note"),
        ),
        migrations.AlterField(
            model_name="stockmovement",
            name="product",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="movements",
                to="shop.product",
                verbose_name="product",
            ),
        ),
        migrations.AlterField(
            model_name="stockmovement",
            name="quantity",
            field=models.IntegerField(verbose_name="quantity"),
        ),
        migrations.AlterField(
            model_name="stockmovement",
            name="reason",
            field=models.CharField(
                choices=[
                    ("restock", "restock"),
                    ("sale", "sale"),
                    ("release", "released by an order"),
                    ("correction", "correction"),
                ],
                max_length=12,
                verbose_name="reason",
            ),
        ),
        migrations.AlterField(
            model_name="stockmovement",
            name="reference",
            field=models.CharField(blank=True, db_index=True, max_length=100, verbose_name="reference"),
        ),
    ]
