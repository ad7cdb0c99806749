"""Endpoints, deliveries and attempts."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import extensions.webhooks.signing
import messaging.models.uuid7


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("orders", "0007_idempotency_backfill"),
    ]

    operations = [
        migrations.CreateModel(
            name="Endpoint",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("url", models.URLField(max_length=500, verbose_name="URL")),
                ("description", models.CharField(blank=True, max_length=100, verbose_name="description")),
                ("events", models.JSONField(default=list, verbose_name="event types")),
                ("is_active", models.BooleanField(default=True, verbose_name="active")),
                (
                    "off_reason",
                    models.CharField(blank=True, editable=False, max_length=200, verbose_name="why it is off"),
                ),
                (
                    "secret",
                    models.CharField(default=extensions.webhooks.signing.new_secret, editable=False, max_length=100),
                ),
                ("previous_secret", models.CharField(blank=True, editable=False, max_length=100)),
                ("previous_until", models.DateTimeField(blank=True, editable=False, null=True)),
                ("failing", models.PositiveIntegerField(default=0, editable=False, verbose_name="failures in a row")),
                (
                    "paused_until",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="paused until"),
                ),
                (
                    "succeeded_at",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="last success"),
                ),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created"),
                ),
            ],
            options={
                "verbose_name": "endpoint",
                "verbose_name_plural": "endpoints",
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="Delivery",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=messaging.models.uuid7.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("event_id", models.UUIDField(editable=False, verbose_name="event ID")),
                ("event", models.CharField(max_length=40, verbose_name="event type")),
                ("body", models.TextField(verbose_name="body")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "pending"),
                            ("delivered", "delivered"),
                            ("failed", "failed"),
                            ("skipped", "not sent"),
                            ("discarded", "discarded"),
                        ],
                        default="pending",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("message_id", models.UUIDField(db_index=True, editable=False, verbose_name="message")),
                ("sends", models.PositiveIntegerField(default=1, verbose_name="times requested")),
                ("queued_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="requested")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="created")),
                ("delivered_at", models.DateTimeField(null=True, verbose_name="delivered")),
                (
                    "order",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="webhook_deliveries",
                        to="orders.order",
                        verbose_name="order",
                    ),
                ),
                (
                    "endpoint",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="deliveries",
                        to="webhooks.endpoint",
                        verbose_name="endpoint",
                    ),
                ),
            ],
            options={
                "verbose_name": "delivery",
                "verbose_name_plural": "deliveries",
                "ordering": ["-id"],
                "permissions": [("resend_delivery", "Can resend webhooks")],
            },
        ),
        migrations.CreateModel(
            name="Attempt",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("started_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="started")),
                ("until", models.DateTimeField(editable=False)),
                ("ended_at", models.DateTimeField(null=True, verbose_name="ended")),
                ("status", models.PositiveSmallIntegerField(null=True, verbose_name="status")),
                ("milliseconds", models.PositiveIntegerField(null=True, verbose_name="milliseconds")),
                ("error", models.CharField(blank=True, max_length=300, verbose_name="error")),
                ("response", models.TextField(blank=True, verbose_name="response")),
                (
                    "delivery",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="attempts",
                        to="webhooks.delivery",
                        verbose_name="delivery",
                    ),
                ),
            ],
            options={
                "verbose_name": "attempt",
                "verbose_name_plural": "attempts",
                "ordering": ["id"],
                "indexes": [
                    models.Index(condition=models.Q(("ended_at", None)), fields=["until"], name="webhooks_in_flight")
                ],
            },
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(fields=["endpoint", "-id"], name="webhooks_by_endpoint"),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(fields=["event", "-id"], name="webhooks_by_event"),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("state", "delivered"), _negated=True),
                fields=["state", "-id"],
                name="webhooks_by_state",
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(fields=["created_at"], name="webhooks_by_age"),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.UniqueConstraint(
                fields=("event_id", "endpoint"), name="webhooks_one_delivery_an_endpoint"
            ),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["pending", "delivered", "failed", "skipped", "discarded"])),
                name="webhooks_delivery_state_is_known",
            ),
        ),
    ]
