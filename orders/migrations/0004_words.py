"""What are records and fields called, in words that can be translated? In the database nothing changes."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import orders.models


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0003_email_delivery"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="order",
            options={"ordering": ["-placed_at", "-id"], "verbose_name": "order", "verbose_name_plural": "orders"},
        ),
        migrations.AlterModelOptions(
            name="orderevent",
            options={"ordering": ["at", "id"], "verbose_name": "order event", "verbose_name_plural": "order events"},
        ),
        migrations.AlterModelOptions(
            name="orderline",
            options={"ordering": ["id"], "verbose_name": "order line", "verbose_name_plural": "order lines"},
        ),
        migrations.AlterField(
            model_name="order",
            name="city",
            field=models.CharField(max_length=100, verbose_name="city"),
        ),
        migrations.AlterField(
            model_name="order",
            name="country",
            field=models.CharField(max_length=2, verbose_name="country"),
        ),
        migrations.AlterField(
            model_name="order",
            name="currency",
            field=models.CharField(max_length=3, verbose_name="currency"),
        ),
        migrations.AlterField(
            model_name="order",
            name="email",
            field=models.EmailField(max_length=254, verbose_name="email"),
        ),
        migrations.AlterField(
            model_name="order",
            name="language",
            field=models.CharField(
                db_default="en", default=orders.models.default_language, max_length=10, verbose_name="language"
            ),
        ),
        migrations.AlterField(
            model_name="order",
            name="line1",
            field=models.CharField(max_length=200, verbose_name="line1"),
        ),
        migrations.AlterField(
            model_name="order",
            name="name",
            field=models.CharField(max_length=100, verbose_name="name"),
        ),
        migrations.AlterField(
            model_name="order",
            name="number",
            field=models.CharField(
                default=orders.models.new_number, editable=False, max_length=20, unique=True, verbose_name="number"
            ),
        ),
        migrations.AlterField(
            model_name="order",
            name="placed_at",
            field=models.DateTimeField(default=django.utils.timezone.now, verbose_name="placed at"),
        ),
        migrations.AlterField(
            model_name="order",
            name="postcode",
            field=models.CharField(max_length=20, verbose_name="postcode"),
        ),
        migrations.AlterField(
            model_name="order",
            name="public_id",
            field=models.CharField(
                default=orders.models.new_public_id,
                editable=False,
                max_length=32,
                unique=True,
                verbose_name="public id",
            ),
        ),
        migrations.AlterField(
            model_name="order",
            name="shipping_method",
            field=models.CharField(
                choices=[("standard", "standard"), ("express", "express")],
                default="standard",
                max_length=10,
                verbose_name="shipping method",
            ),
        ),
        migrations.AlterField(
            model_name="order",
            name="shipping_price",
            field=models.PositiveBigIntegerField(default=0, verbose_name="shipping price"),
        ),
        migrations.AlterField(
            model_name="order",
            name="source",
            field=models.CharField(
                choices=[("web", "storefront"), ("api", "API"), ("import", "import")],
                default="web",
                max_length=10,
                verbose_name="source",
            ),
        ),
        migrations.AlterField(
            model_name="order",
            name="status",
            field=models.CharField(
                choices=[
                    ("placed", "placed"),
                    ("payment_failed", "payment failed"),
                    ("paid", "paid"),
                    ("shipped", "shipped"),
                    ("delivered", "delivered"),
                    ("cancelled", "cancelled"),
                    ("refunded", "refunded"),
                ],
                default="placed",
                max_length=20,
                verbose_name="status",
            ),
        ),
        migrations.AlterField(
            model_name="order",
            name="subtotal",
            field=models.PositiveBigIntegerField(verbose_name="subtotal"),
        ),
        migrations.AlterField(
            model_name="order",
            name="total",
            field=models.PositiveBigIntegerField(verbose_name="total"),
        ),
        migrations.AlterField(
            model_name="order",
            name="user",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="orders",
                to=settings.AUTH_USER_MODEL,
                verbose_name="user",
            ),
        ),
        migrations.AlterField(
            model_name="orderevent",
            name="at",
            field=models.DateTimeField(default=django.utils.timezone.now, verbose_name="at"),
        ),
        migrations.AlterField(
            model_name="orderevent",
            name="data",
            field=models.JSONField(blank=True, default=dict, verbose_name="data"),
        ),
        migrations.AlterField(
            model_name="orderevent",
            name="kind",
            field=models.CharField(max_length=40, verbose_name="kind"),
        ),
        migrations.AlterField(
            model_name="orderevent",
            name="order",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="events",
                to="orders.order",
                verbose_name="order",
            ),
        ),
        migrations.AlterField(
            model_name="orderline",
            name="name",
            field=models.CharField(max_length=200, verbose_name="name"),
        ),
        migrations.AlterField(
            model_name="orderline",
            name="order",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="lines",
                to="orders.order",
                verbose_name="order",
            ),
        ),
        migrations.AlterField(
            model_name="orderline",
            name="quantity",
            field=models.PositiveIntegerField(verbose_name="quantity"),
        ),
        migrations.AlterField(
            model_name="orderline",
            name="sku",
            field=models.CharField(max_length=40, verbose_name="sku"),
        ),
        migrations.AlterField(
            model_name="orderline",
            name="unit_price",
            field=models.PositiveBigIntegerField(verbose_name="unit price"),
        ),
    ]
