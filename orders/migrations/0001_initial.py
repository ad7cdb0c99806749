"""Tables of the app."""

import django.utils.timezone
from django.db import migrations, models

import orders.models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="EmailDelivery",
            fields=[
                (
                    "message_id",
                    models.UUIDField(editable=False, primary_key=True, serialize=False, verbose_name="message ID"),
                ),
                ("kind", models.CharField(max_length=40, verbose_name="kind")),
                (
                    "state",
                    models.CharField(
                        choices=[("sending", "sending"), ("sent", "sent")],
                        default="sending",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("replayed_from", models.PositiveIntegerField(default=0, verbose_name="replayed from")),
                ("claimed_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="claimed at")),
                ("sent_at", models.DateTimeField(blank=True, null=True, verbose_name="sent at")),
            ],
            options={
                "verbose_name": "e-mail delivery",
                "verbose_name_plural": "e-mail deliveries",
                "ordering": ["claimed_at"],
            },
        ),
        migrations.CreateModel(
            name="IdempotencyKey",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("client", models.CharField(max_length=64, verbose_name="client")),
                ("key", models.CharField(max_length=200, verbose_name="key")),
                ("digest", models.CharField(max_length=64, verbose_name="digest")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="created at")),
            ],
            options={
                "verbose_name": "idempotency key",
                "verbose_name_plural": "idempotency keys",
            },
        ),
        migrations.CreateModel(
            name="Order",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "number",
                    models.CharField(
                        default=orders.models.new_number,
                        editable=False,
                        max_length=20,
                        unique=True,
                        verbose_name="number",
                    ),
                ),
                (
                    "public_id",
                    models.CharField(
                        default=orders.models.new_public_id,
                        editable=False,
                        max_length=32,
                        unique=True,
                        verbose_name="public ID",
                    ),
                ),
                ("email", models.EmailField(max_length=254, verbose_name="e-mail")),
                ("name", models.CharField(max_length=100, verbose_name="name")),
                ("line1", models.CharField(max_length=200, verbose_name="address line 1")),
                ("city", models.CharField(max_length=100, verbose_name="city")),
                ("postcode", models.CharField(max_length=20, verbose_name="postcode")),
                ("country", models.CharField(max_length=2, verbose_name="country")),
                (
                    "shipping_method",
                    models.CharField(
                        choices=[("standard", "standard"), ("express", "express")],
                        default="standard",
                        max_length=10,
                        verbose_name="shipping method",
                    ),
                ),
                (
                    "source",
                    models.CharField(
                        choices=[("web", "storefront"), ("api", "API"), ("import", "import")],
                        default="web",
                        max_length=10,
                        verbose_name="source",
                    ),
                ),
                (
                    "language",
                    models.CharField(
                        db_default="en", default=orders.models.default_language, max_length=10, verbose_name="language"
                    ),
                ),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                ("subtotal", models.PositiveBigIntegerField(verbose_name="subtotal")),
                ("shipping_price", models.PositiveBigIntegerField(default=0, verbose_name="shipping price")),
                ("total", models.PositiveBigIntegerField(verbose_name="total")),
                (
                    "status",
                    models.CharField(
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
                ("placed_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="placed at")),
                (
                    "anonymised_at",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="anonymised at"),
                ),
            ],
            options={
                "verbose_name": "order",
                "verbose_name_plural": "orders",
                "ordering": ["-placed_at", "-id"],
            },
        ),
        migrations.CreateModel(
            name="OrderEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=40, verbose_name="kind")),
                ("data", models.JSONField(blank=True, default=dict, verbose_name="data")),
                ("at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="at")),
            ],
            options={
                "verbose_name": "order event",
                "verbose_name_plural": "order events",
                "ordering": ["at", "id"],
            },
        ),
        migrations.CreateModel(
            name="OrderLine",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("sku", models.CharField(max_length=40, verbose_name="SKU")),
                ("name", models.CharField(max_length=200, verbose_name="name")),
                ("unit_price", models.PositiveBigIntegerField(verbose_name="unit price")),
                ("quantity", models.PositiveIntegerField(verbose_name="quantity")),
            ],
            options={
                "verbose_name": "order line",
                "verbose_name_plural": "order lines",
                "ordering": ["id"],
            },
        ),
    ]
