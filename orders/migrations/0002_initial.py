"""Foreign keys to users, which the shop declares."""

import django.db.models.deletion
import django.db.models.expressions
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("orders", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
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
        migrations.AddField(
            model_name="idempotencykey",
            name="order",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="orders.order", verbose_name="order"
            ),
        ),
        migrations.AddField(
            model_name="emaildelivery",
            name="order",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="emails",
                to="orders.order",
                verbose_name="order",
            ),
        ),
        migrations.AddField(
            model_name="orderevent",
            name="order",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="events",
                to="orders.order",
                verbose_name="order",
            ),
        ),
        migrations.AddField(
            model_name="orderline",
            name="order",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="lines",
                to="orders.order",
                verbose_name="order",
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(fields=["-placed_at", "-id"], name="orders_newest"),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(fields=["status", "-placed_at"], name="orders_by_status"),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "status__in",
                        ["placed", "payment_failed", "paid", "shipped", "delivered", "cancelled", "refunded"],
                    )
                ),
                name="orders_order_status_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "total",
                        django.db.models.expressions.CombinedExpression(
                            models.F("subtotal"), "+", models.F("shipping_price")
                        ),
                    )
                ),
                name="orders_order_total_adds_up",
            ),
        ),
        migrations.AddConstraint(
            model_name="idempotencykey",
            constraint=models.UniqueConstraint(fields=("client", "key"), name="orders_idempotency_key_is_unique"),
        ),
        migrations.AddIndex(
            model_name="emaildelivery",
            index=models.Index(
                models.F("claimed_at"), condition=models.Q(("state", "sending")), name="orders_email_sending"
            ),
        ),
        migrations.AddConstraint(
            model_name="emaildelivery",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["sending", "sent"])), name="orders_emaildelivery_state_is_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="orderline",
            constraint=models.CheckConstraint(
                condition=models.Q(("quantity__gte", 1)), name="orders_orderline_quantity_is_positive"
            ),
        ),
    ]
