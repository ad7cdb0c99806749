"""What are records and fields called, in words that can be translated? In the database nothing changes."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0004_words"),
        ("payments", "0002_gateway_words"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="gatewaycharge",
            options={"verbose_name": "gateway's charge", "verbose_name_plural": "gateway's charges"},
        ),
        migrations.AlterModelOptions(
            name="gatewayevent",
            options={
                "ordering": ["received_at", "id"],
                "verbose_name": "gateway's event",
                "verbose_name_plural": "gateway's events",
            },
        ),
        migrations.AlterModelOptions(
            name="gatewayrefund",
            options={"verbose_name": "gateway's refund", "verbose_name_plural": "gateway's refunds"},
        ),
        migrations.AlterModelOptions(
            name="payment",
            options={
                "ordering": ["created_at", "id"],
                "permissions": [("refund_payment", "Can refund payments")],
                "verbose_name": "payment",
                "verbose_name_plural": "payments",
            },
        ),
        migrations.AlterModelOptions(
            name="refund",
            options={"ordering": ["created_at", "id"], "verbose_name": "refund", "verbose_name_plural": "refunds"},
        ),
        migrations.AlterField(
            model_name="gatewaycharge",
            name="amount",
            field=models.PositiveBigIntegerField(verbose_name="amount"),
        ),
        migrations.AlterField(
            model_name="gatewaycharge",
            name="created_at",
            field=models.DateTimeField(default=django.utils.timezone.now, verbose_name="created at"),
        ),
        migrations.AlterField(
            model_name="gatewaycharge",
            name="currency",
            field=models.CharField(max_length=3, verbose_name="currency"),
        ),
        migrations.AlterField(
            model_name="gatewaycharge",
            name="idempotency_key",
            field=models.CharField(max_length=64, unique=True, verbose_name="idempotency key"),
        ),
        migrations.AlterField(
            model_name="gatewaycharge",
            name="is_captured",
            field=models.BooleanField(db_default=True, default=True, verbose_name="is captured"),
        ),
        migrations.AlterField(
            model_name="gatewaycharge",
            name="method",
            field=models.CharField(max_length=60, verbose_name="method"),
        ),
        migrations.AlterField(
            model_name="gatewaycharge",
            name="reference",
            field=models.CharField(max_length=100, unique=True, verbose_name="reference"),
        ),
        migrations.AlterField(
            model_name="gatewayevent",
            name="event_id",
            field=models.CharField(max_length=100, unique=True, verbose_name="event id"),
        ),
        migrations.AlterField(
            model_name="gatewayevent",
            name="key",
            field=models.UUIDField(db_index=True, verbose_name="key"),
        ),
        migrations.AlterField(
            model_name="gatewayevent",
            name="kind",
            field=models.CharField(max_length=60, verbose_name="kind"),
        ),
        migrations.AlterField(
            model_name="gatewayevent",
            name="received_at",
            field=models.DateTimeField(default=django.utils.timezone.now, verbose_name="received at"),
        ),
        migrations.AlterField(
            model_name="gatewayrefund",
            name="amount",
            field=models.PositiveBigIntegerField(verbose_name="amount"),
        ),
        migrations.AlterField(
            model_name="gatewayrefund",
            name="charge",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="refunds",
                to="payments.gatewaycharge",
                verbose_name="charge",
            ),
        ),
        migrations.AlterField(
            model_name="gatewayrefund",
            name="created_at",
            field=models.DateTimeField(default=django.utils.timezone.now, verbose_name="created at"),
        ),
        migrations.AlterField(
            model_name="gatewayrefund",
            name="idempotency_key",
            field=models.CharField(max_length=64, unique=True, verbose_name="idempotency key"),
        ),
        migrations.AlterField(
            model_name="gatewayrefund",
            name="reference",
            field=models.CharField(max_length=100, unique=True, verbose_name="reference"),
        ),
        migrations.AlterField(
            model_name="payment",
            name="amount",
            field=models.PositiveBigIntegerField(help_text="minor units", verbose_name="amount"),
        ),
        migrations.AlterField(
            model_name="payment",
            name="captured_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="captured at"),
        ),
        migrations.AlterField(
            model_name="payment",
            name="created_at",
            field=models.DateTimeField(default=django.utils.timezone.now, verbose_name="created at"),
        ),
        migrations.AlterField(
            model_name="payment",
            name="currency",
            field=models.CharField(max_length=3, verbose_name="currency"),
        ),
        migrations.AlterField(
            model_name="payment",
            name="failure_code",
            field=models.CharField(blank=True, max_length=60, verbose_name="failure code"),
        ),
        migrations.AlterField(
            model_name="payment",
            name="gateway_reference",
            field=models.CharField(blank=True, max_length=100, verbose_name="gateway reference"),
        ),
        migrations.AlterField(
            model_name="payment",
            name="method",
            field=models.CharField(max_length=60, verbose_name="method"),
        ),
        migrations.AlterField(
            model_name="payment",
            name="order",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="payments",
                to="orders.order",
                verbose_name="order",
            ),
        ),
        migrations.AlterField(
            model_name="payment",
            name="status",
            field=models.CharField(
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
        migrations.AlterField(
            model_name="refund",
            name="amount",
            field=models.PositiveBigIntegerField(help_text="minor units", verbose_name="amount"),
        ),
        migrations.AlterField(
            model_name="refund",
            name="created_at",
            field=models.DateTimeField(default=django.utils.timezone.now, verbose_name="created at"),
        ),
        migrations.AlterField(
            model_name="refund",
            name="gateway_reference",
            field=models.CharField(blank=True, max_length=100, verbose_name="gateway reference"),
        ),
        migrations.AlterField(
            model_name="refund",
            name="payment",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="refunds",
                to="payments.payment",
                verbose_name="payment",
            ),
        ),
        migrations.AlterField(
            model_name="refund",
            name="status",
            field=models.CharField(
                choices=[("pending", "pending"), ("done", "done")],
                default="pending",
                max_length=10,
                verbose_name="status",
            ),
        ),
    ]
