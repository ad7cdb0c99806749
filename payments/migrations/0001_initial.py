"""Tables of the app."""

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("orders", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="GatewayCall",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("idempotency_key", models.CharField(max_length=64, unique=True, verbose_name="idempotency key")),
                ("calls", models.PositiveIntegerField(default=0, verbose_name="calls")),
            ],
            options={
                "verbose_name": "gateway call",
                "verbose_name_plural": "gateway calls",
            },
        ),
        migrations.CreateModel(
            name="GatewayCharge",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("idempotency_key", models.CharField(max_length=64, unique=True, verbose_name="idempotency key")),
                ("reference", models.CharField(max_length=100, unique=True, verbose_name="reference")),
                ("amount", models.PositiveBigIntegerField(verbose_name="amount")),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                ("method", models.CharField(max_length=60, verbose_name="method")),
                ("is_captured", models.BooleanField(db_default=True, default=True, verbose_name="captured")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="created at")),
            ],
            options={
                "verbose_name": "gateway charge",
                "verbose_name_plural": "gateway charges",
            },
        ),
        migrations.CreateModel(
            name="GatewayEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("event_id", models.CharField(max_length=100, unique=True, verbose_name="event ID")),
                ("kind", models.CharField(max_length=60, verbose_name="kind")),
                ("key", models.UUIDField(db_index=True, verbose_name="key")),
                ("received_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="received at")),
            ],
            options={
                "verbose_name": "gateway event",
                "verbose_name_plural": "gateway events",
                "ordering": ["received_at", "id"],
            },
        ),
        migrations.CreateModel(
            name="GatewayRefund",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("idempotency_key", models.CharField(max_length=64, unique=True, verbose_name="idempotency key")),
                ("reference", models.CharField(max_length=100, unique=True, verbose_name="reference")),
                ("amount", models.PositiveBigIntegerField(verbose_name="amount")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="created at")),
                (
                    "charge",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="refunds",
                        to="payments.gatewaycharge",
                        verbose_name="charge",
                    ),
                ),
            ],
            options={
                "verbose_name": "gateway refund",
                "verbose_name_plural": "gateway refunds",
            },
        ),
        migrations.CreateModel(
            name="Payment",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("method", models.CharField(max_length=60, verbose_name="method")),
                ("amount", models.PositiveBigIntegerField(help_text="minor units", verbose_name="amount")),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("pending", "pending"),
                            ("captured", "captured"),
                            ("failed", "failed"),
                            ("cancelled", "cancelled"),
                            ("refunded", "refunded"),
                        ],
                        default="pending",
                        max_length=10,
                        verbose_name="status",
                    ),
                ),
                ("gateway_reference", models.CharField(blank=True, max_length=100, verbose_name="gateway reference")),
                ("failure_code", models.CharField(blank=True, max_length=60, verbose_name="failure code")),
                ("message_id", models.UUIDField(blank=True, editable=False, null=True, verbose_name="message ID")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="created at")),
                ("captured_at", models.DateTimeField(blank=True, null=True, verbose_name="captured at")),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="payments",
                        to="orders.order",
                        verbose_name="order",
                    ),
                ),
            ],
            options={
                "verbose_name": "payment",
                "verbose_name_plural": "payments",
                "ordering": ["created_at", "id"],
                "permissions": [("refund_payment", "Can refund payments")],
            },
        ),
        migrations.CreateModel(
            name="Refund",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("amount", models.PositiveBigIntegerField(help_text="minor units", verbose_name="amount")),
                (
                    "status",
                    models.CharField(
                        choices=[("pending", "pending"), ("done", "done")],
                        default="pending",
                        max_length=10,
                        verbose_name="status",
                    ),
                ),
                ("gateway_reference", models.CharField(blank=True, max_length=100, verbose_name="gateway reference")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="created at")),
                (
                    "payment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="refunds",
                        to="payments.payment",
                        verbose_name="payment",
                    ),
                ),
            ],
            options={
                "verbose_name": "refund",
                "verbose_name_plural": "refunds",
                "ordering": ["created_at", "id"],
            },
        ),
        migrations.AddIndex(
            model_name="payment",
            index=models.Index(fields=["gateway_reference"], name="payments_payment_by_reference"),
        ),
        migrations.AddConstraint(
            model_name="payment",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["pending", "captured", "failed", "cancelled", "refunded"])),
                name="payments_payment_status_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="payment",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status", "pending")),
                fields=("order",),
                name="payments_one_pending_payment_an_order",
            ),
        ),
        migrations.AddIndex(
            model_name="refund",
            index=models.Index(fields=["gateway_reference"], name="payments_refund_by_reference"),
        ),
    ]
