"""How did the ledger begin?"""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import messaging.topology
import messaging.uuids


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="AuditEntry",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("message_id", models.UUIDField(db_index=True)),
                ("action", models.CharField(max_length=20)),
                ("actor", models.CharField(max_length=150)),
                ("reason", models.CharField(blank=True, max_length=500)),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                "verbose_name_plural": "audit entries",
                "db_table": "messaging_auditentry",
            },
        ),
        migrations.CreateModel(
            name="Message",
            fields=[
                (
                    "id",
                    models.UUIDField(default=messaging.uuids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("task", models.CharField(max_length=200)),
                ("queue", models.CharField(max_length=100)),
                ("routing_key", models.CharField(max_length=200)),
                ("priority", models.PositiveSmallIntegerField(default=messaging.topology.Priority["NORMAL"])),
                ("payload", models.JSONField(default=dict)),
                ("schema_version", models.PositiveSmallIntegerField(default=1)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "waiting to be sent"),
                            ("sent", "sent"),
                            ("done", "succeeded"),
                            ("dead", "dead"),
                            ("discarded", "discarded"),
                        ],
                        default="pending",
                        max_length=10,
                    ),
                ),
                ("available_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("replayed_from", models.PositiveIntegerField(default=0)),
                ("sends", models.PositiveIntegerField(default=0)),
                ("sent_at", models.DateTimeField(blank=True, null=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("subject", models.CharField(blank=True, max_length=100)),
                ("correlation_id", models.UUIDField()),
                ("causation_id", models.UUIDField(blank=True, null=True)),
                ("traceparent", models.CharField(blank=True, max_length=55)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("error_type", models.CharField(blank=True, max_length=200)),
                ("error_message", models.CharField(blank=True, max_length=1000)),
                ("fingerprint", models.CharField(blank=True, max_length=40)),
                ("raw_body", models.BinaryField(blank=True, null=True)),
                ("raw_headers", models.JSONField(blank=True, null=True)),
                ("note", models.CharField(blank=True, max_length=500)),
            ],
            options={
                "db_table": "messaging_message",
                "permissions": [
                    ("retry_message", "Can send a dead message again"),
                    ("discard_message", "Can discard a dead message"),
                ],
                "indexes": [
                    models.Index(
                        models.F("available_at"),
                        models.F("priority"),
                        condition=models.Q(("state", "pending")),
                        name="messaging_due",
                    ),
                    models.Index(
                        models.F("queue"),
                        models.F("sent_at"),
                        condition=models.Q(("state", "sent")),
                        name="messaging_in_flight",
                    ),
                    models.Index(
                        models.F("queue"),
                        models.F("finished_at"),
                        condition=models.Q(("state", "dead")),
                        name="messaging_dead",
                    ),
                    models.Index(
                        models.F("fingerprint"),
                        models.F("finished_at"),
                        condition=models.Q(("state", "dead")),
                        name="messaging_dead_group",
                    ),
                    models.Index(models.F("subject"), models.F("id"), name="messaging_subject"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["pending", "sent", "done", "dead", "discarded"])),
                        name="messaging_message_state_is_known",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Attempt",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("number", models.PositiveIntegerField()),
                ("worker", models.CharField(blank=True, max_length=200)),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("ended_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("error_type", models.CharField(max_length=200)),
                ("error_message", models.CharField(blank=True, max_length=1000)),
                ("traceback", models.TextField(blank=True)),
                ("fingerprint", models.CharField(blank=True, max_length=40)),
                (
                    "message",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="attempt_set", to="messaging.message"
                    ),
                ),
            ],
            options={
                "db_table": "messaging_attempt",
                "ordering": ["number", "id"],
            },
        ),
        migrations.CreateModel(
            name="FailedTask",
            fields=[],
            options={
                "verbose_name": "failed task",
                "proxy": True,
                "default_permissions": ("view",),
                "indexes": [],
                "constraints": [],
            },
            bases=("messaging.message",),
        ),
    ]
