"""Tables of the app."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import messaging.models.uuid7
import messaging.topology


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Circuit",
            fields=[
                ("name", models.CharField(max_length=60, primary_key=True, serialize=False)),
                ("failing", models.JSONField(default=list)),
                ("failed_at", models.DateTimeField(blank=True, null=True)),
                ("last_error", models.CharField(blank=True, max_length=500)),
                ("opened_at", models.DateTimeField(blank=True, null=True)),
                ("probe_at", models.DateTimeField(blank=True, null=True)),
                ("probing_since", models.DateTimeField(blank=True, null=True)),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "verbose_name": "circuit",
                "verbose_name_plural": "circuits",
                "db_table": "messaging_circuit",
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Message",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=messaging.models.uuid7.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("task", models.CharField(max_length=200, verbose_name="task")),
                ("queue", models.CharField(max_length=100, verbose_name="queue")),
                ("routing_key", models.CharField(max_length=200, verbose_name="routing key")),
                (
                    "priority",
                    models.PositiveSmallIntegerField(
                        default=messaging.topology.Priority["NORMAL"], verbose_name="priority"
                    ),
                ),
                ("payload", models.JSONField(default=dict, verbose_name="payload")),
                ("schema_version", models.PositiveSmallIntegerField(default=1, verbose_name="schema version")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "pending"),
                            ("sent", "sent"),
                            ("done", "succeeded"),
                            ("dead", "dead"),
                            ("discarded", "discarded"),
                        ],
                        default="pending",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("available_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="available at")),
                ("attempts", models.PositiveIntegerField(default=0, verbose_name="attempts")),
                ("replayed_from", models.PositiveIntegerField(default=0, verbose_name="replayed from")),
                ("sends", models.PositiveIntegerField(default=0, verbose_name="sends")),
                ("sent_at", models.DateTimeField(blank=True, null=True, verbose_name="sent at")),
                ("started_at", models.DateTimeField(blank=True, null=True, verbose_name="started at")),
                ("finished_at", models.DateTimeField(blank=True, null=True, verbose_name="finished at")),
                ("subject", models.CharField(blank=True, max_length=100, verbose_name="subject")),
                ("correlation_id", models.UUIDField(verbose_name="correlation id")),
                ("causation_id", models.UUIDField(blank=True, null=True, verbose_name="causation id")),
                ("traceparent", models.CharField(blank=True, max_length=55, verbose_name="traceparent")),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created at"),
                ),
                ("error_type", models.CharField(blank=True, max_length=200, verbose_name="error type")),
                ("error_message", models.CharField(blank=True, max_length=1000, verbose_name="error message")),
                ("fingerprint", models.CharField(blank=True, max_length=40, verbose_name="fingerprint")),
                ("raw_body", models.BinaryField(blank=True, null=True)),
                ("raw_headers", models.JSONField(blank=True, null=True)),
                ("note", models.CharField(blank=True, max_length=500, verbose_name="note")),
                (
                    "waits_for",
                    models.CharField(blank=True, db_default="", default="", max_length=60, verbose_name="waits for"),
                ),
            ],
            options={
                "verbose_name": "message",
                "verbose_name_plural": "messages",
                "db_table": "messaging_message",
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
                    models.Index(
                        models.OrderBy(models.F("finished_at"), descending=True),
                        models.OrderBy(models.F("id"), descending=True),
                        condition=models.Q(("state", "dead")),
                        name="messaging_dead_newest",
                    ),
                    models.Index(
                        models.F("finished_at"), condition=models.Q(("state", "discarded")), name="messaging_discarded"
                    ),
                    models.Index(
                        models.F("id"), condition=models.Q(("replayed_from__gt", 0)), name="messaging_replayed"
                    ),
                    models.Index(models.F("subject"), models.F("id"), name="messaging_subject"),
                    models.Index(
                        models.F("queue"),
                        models.F("available_at"),
                        condition=models.Q(("state", "pending")),
                        name="messaging_due_by_queue",
                    ),
                    models.Index(
                        models.F("finished_at"),
                        models.F("queue"),
                        condition=models.Q(("state", "done")),
                        name="messaging_finished",
                    ),
                    models.Index(
                        models.F("waits_for"),
                        condition=models.Q(("state", "pending"), models.Q(("waits_for", ""), _negated=True)),
                        name="messaging_waits_for",
                    ),
                    models.Index(
                        condition=models.Q(
                            ("state", "dead"), ("state", "discarded"), ("replayed_from__gt", 0), _connector="OR"
                        ),
                        fields=["-finished_at", "-id"],
                        include=("queue", "task", "error_type", "fingerprint", "state", "replayed_from"),
                        name="messaging_died",
                    ),
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
            name="QueuePause",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("queue", models.CharField(max_length=100)),
                ("paused_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("paused_by", models.CharField(max_length=150)),
                ("reason", models.CharField(max_length=500)),
                ("resumed_at", models.DateTimeField(blank=True, null=True)),
                ("resumed_by", models.CharField(blank=True, max_length=150)),
            ],
            options={
                "db_table": "messaging_queuepause",
                "ordering": ["-paused_at", "-id"],
                "default_permissions": ("view",),
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("resumed_at__isnull", True)),
                        fields=("queue",),
                        name="messaging_queue_is_paused_once",
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
                "indexes": [models.Index(models.F("ended_at"), name="messaging_attempt_ended")],
            },
        ),
    ]
