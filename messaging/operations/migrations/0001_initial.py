"""Tables of the app."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import messaging.models.uuid7


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("messaging", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="PayloadEdit",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="at")),
                ("message_id", models.UUIDField(db_index=True, verbose_name="message")),
                ("before", models.JSONField(verbose_name="before")),
                ("after", models.JSONField(verbose_name="after")),
                ("actor", models.CharField(max_length=150, verbose_name="actor")),
                ("reason", models.CharField(max_length=500, verbose_name="reason")),
            ],
            options={
                "verbose_name": "payload edit",
                "verbose_name_plural": "payload edits",
                "db_table": "operations_payloadedit",
            },
        ),
        migrations.CreateModel(
            name="FailedTask",
            fields=[],
            options={
                "verbose_name": "failed task",
                "verbose_name_plural": "failed tasks",
                "permissions": [
                    ("reveal_payload", "Can see personal data in payloads and errors"),
                    ("retry_message", "Can retry dead messages"),
                    ("bulk_retry", "Can bulk retry dead messages"),
                    ("edit_message", "Can edit a dead message's payload and retry it"),
                    ("discard_message", "Can discard and restore dead messages"),
                    ("pause_queue", "Can pause and resume queues"),
                ],
                "proxy": True,
                "default_permissions": ("view",),
                "indexes": [],
                "constraints": [],
            },
            bases=("messaging.message",),
        ),
        migrations.CreateModel(
            name="Queues",
            fields=[],
            options={
                "verbose_name": "queue",
                "verbose_name_plural": "queues",
                "proxy": True,
                "default_permissions": (),
                "indexes": [],
                "constraints": [],
            },
            bases=("messaging.queuepause",),
        ),
        migrations.CreateModel(
            name="Alert",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("key", models.CharField(max_length=150)),
                ("text", models.CharField(max_length=500, verbose_name="alert")),
                ("raised_at", models.DateTimeField(verbose_name="raised")),
                ("sent_at", models.DateTimeField(blank=True, null=True, verbose_name="sent")),
                ("cleared_at", models.DateTimeField(blank=True, null=True, verbose_name="cleared")),
            ],
            options={
                "verbose_name": "alert",
                "verbose_name_plural": "alerts",
                "db_table": "operations_alert",
                "default_permissions": ("view",),
                "constraints": [
                    models.UniqueConstraint(
                        models.F("key"),
                        condition=models.Q(("cleared_at", None)),
                        name="operations_alert_is_raised_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="AuditEntry",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="at")),
                ("message_id", models.UUIDField(blank=True, db_index=True, null=True, verbose_name="message")),
                ("group", models.CharField(blank=True, db_default="", max_length=40, verbose_name="group")),
                ("queue", models.CharField(blank=True, db_default="", max_length=100, verbose_name="queue")),
                ("operation_id", models.UUIDField(blank=True, null=True, verbose_name="operation")),
                ("action", models.CharField(max_length=30, verbose_name="action")),
                ("actor", models.CharField(max_length=150, verbose_name="actor")),
                ("reason", models.CharField(blank=True, max_length=500, verbose_name="reason")),
                (
                    "data",
                    models.JSONField(
                        blank=True,
                        db_default=models.Value({}, output_field=models.JSONField()),
                        default=dict,
                        verbose_name="details",
                    ),
                ),
            ],
            options={
                "verbose_name": "audit entry",
                "verbose_name_plural": "audit entries",
                "db_table": "operations_auditentry",
                "indexes": [
                    models.Index(
                        models.F("group"),
                        models.F("id"),
                        condition=models.Q(("group", ""), _negated=True),
                        name="operations_audit_group",
                    ),
                    models.Index(
                        models.F("operation_id"),
                        models.F("id"),
                        condition=models.Q(("operation_id", None), _negated=True),
                        name="operations_audit_op",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="BulkOperation",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=messaging.models.uuid7.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "kind",
                    models.CharField(choices=[("retry", "retry")], default="retry", max_length=10, verbose_name="kind"),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("preview", "preview"),
                            ("running", "running"),
                            ("paused", "paused"),
                            ("cancelled", "cancelled"),
                            ("stopped", "stopped automatically"),
                            ("finished", "finished"),
                        ],
                        default="preview",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("actor", models.CharField(max_length=150, verbose_name="requested by")),
                ("reason", models.CharField(blank=True, max_length=500, verbose_name="reason")),
                ("chosen", models.JSONField(default=dict, verbose_name="selection")),
                ("rate", models.PositiveIntegerField(default=50, verbose_name="messages per second")),
                ("canary", models.PositiveIntegerField(default=10, verbose_name="canary")),
                ("stop_ratio", models.FloatField(default=0.5, verbose_name="stop ratio")),
                ("will_go", models.PositiveIntegerField(default=0, verbose_name="to be retried")),
                ("skipped", models.PositiveIntegerField(default=0, verbose_name="skipped")),
                ("waiting", models.PositiveIntegerField(default=0, verbose_name="waiting")),
                ("sent", models.PositiveIntegerField(default=0, verbose_name="in flight")),
                ("succeeded", models.PositiveIntegerField(default=0, verbose_name="succeeded")),
                ("failed_again", models.PositiveIntegerField(default=0, verbose_name="failed again")),
                ("cancelled", models.PositiveIntegerField(default=0, verbose_name="cancelled")),
                ("turn", models.PositiveBigIntegerField(default=0)),
                ("next_turn_at", models.DateTimeField(blank=True, null=True)),
                ("canary_from", models.PositiveIntegerField(default=0)),
                ("canary_since", models.DateTimeField(blank=True, null=True)),
                ("canary_passed", models.BooleanField(default=False)),
                ("stopped_for", models.JSONField(blank=True, null=True)),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="previewed"),
                ),
                ("started_at", models.DateTimeField(blank=True, null=True, verbose_name="started")),
                ("progress_at", models.DateTimeField(blank=True, null=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True, verbose_name="finished")),
            ],
            options={
                "verbose_name": "bulk retry",
                "verbose_name_plural": "bulk retries",
                "db_table": "operations_bulkoperation",
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(
                        models.F("next_turn_at"),
                        condition=models.Q(("next_turn_at", None), _negated=True),
                        name="operations_bulk_driven",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ["preview", "running", "paused", "cancelled", "stopped", "finished"])
                        ),
                        name="operations_bulk_state_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("rate__gte", 1)), name="operations_bulk_rate_is_positive"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("stop_ratio__gt", 0), ("stop_ratio__lte", 1)),
                        name="operations_bulk_stop_ratio_is_a_share",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="FailureGroup",
            fields=[
                (
                    "fingerprint",
                    models.CharField(max_length=40, primary_key=True, serialize=False, verbose_name="group"),
                ),
                ("task", models.CharField(blank=True, max_length=200, verbose_name="task")),
                ("queue", models.CharField(blank=True, max_length=100, verbose_name="queue")),
                ("error_type", models.CharField(blank=True, max_length=200, verbose_name="error")),
                ("error_message", models.CharField(blank=True, max_length=1000, verbose_name="error message")),
                ("example", models.UUIDField(blank=True, null=True, verbose_name="example")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "open"),
                            ("acknowledged", "acknowledged"),
                            ("resolved", "resolved"),
                            ("regressed", "regressed"),
                        ],
                        default="open",
                        max_length=12,
                        verbose_name="state",
                    ),
                ),
                ("note", models.TextField(blank=True, max_length=2000, verbose_name="note")),
                ("runbook", models.URLField(blank=True, max_length=500, verbose_name="runbook")),
                ("first_seen", models.DateTimeField(verbose_name="first seen")),
                ("last_seen", models.DateTimeField(verbose_name="last seen")),
                ("dead_count", models.PositiveIntegerField(default=0, verbose_name="dead")),
                ("failures", models.PositiveIntegerField(default=0, verbose_name="total failures")),
            ],
            options={
                "verbose_name": "failure group",
                "verbose_name_plural": "failure groups",
                "db_table": "operations_failuregroup",
                "default_permissions": ("view",),
                "indexes": [models.Index(models.F("last_seen"), name="operations_group_last_seen")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["open", "acknowledged", "resolved", "regressed"])),
                        name="operations_group_state_is_known",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="FailureHour",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("fingerprint", models.CharField(max_length=40)),
                ("hour", models.DateTimeField()),
                ("count", models.PositiveIntegerField(default=0)),
            ],
            options={
                "db_table": "operations_failurehour",
                "default_permissions": (),
                "indexes": [models.Index(models.F("hour"), name="operations_failurehour_hour")],
                "constraints": [
                    models.UniqueConstraint(
                        models.F("fingerprint"), models.F("hour"), name="operations_failurehour_is_one"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="QueueMinute",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("queue", models.CharField(max_length=100)),
                ("minute", models.DateTimeField()),
                ("done", models.PositiveIntegerField(default=0)),
                ("failed", models.PositiveIntegerField(default=0)),
                ("dead", models.PositiveIntegerField(default=0)),
            ],
            options={
                "db_table": "operations_queueminute",
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(fields=("minute", "queue"), name="operations_queueminute_is_one")
                ],
            },
        ),
        migrations.CreateModel(
            name="BulkItem",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("position", models.PositiveIntegerField()),
                ("sends", models.PositiveIntegerField()),
                ("died_at", models.DateTimeField(blank=True, null=True)),
                (
                    "verdict",
                    models.CharField(
                        choices=[("will_go", "will be retried"), ("skipped", "skipped")],
                        default="will_go",
                        max_length=10,
                        verbose_name="verdict",
                    ),
                ),
                (
                    "reason",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("changed", "it changed after the preview"),
                            ("unreadable", "its body could not be decoded"),
                            ("unknown_task", "its task is unknown to the deployed code"),
                            ("schema_too_old", "its schema version is too old to be upgraded"),
                            ("schema_too_new", "its schema version is newer than the deployed code"),
                            ("wrong_arguments", "its payload does not match its schema"),
                            ("already_done", "its effect already happened"),
                            ("newer_succeeded", "a newer message of the same task and subject succeeded"),
                        ],
                        max_length=20,
                        verbose_name="reason",
                    ),
                ),
                ("detail", models.CharField(blank=True, max_length=200, verbose_name="detail")),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("waiting", "waiting"),
                            ("sent", "sent"),
                            ("succeeded", "succeeded"),
                            ("failed_again", "failed again"),
                            ("skipped", "skipped"),
                            ("cancelled", "cancelled"),
                        ],
                        default="waiting",
                        max_length=12,
                        verbose_name="outcome",
                    ),
                ),
                ("at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="at")),
                (
                    "message",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="bulk_items",
                        to="messaging.message",
                        verbose_name="message",
                    ),
                ),
                (
                    "operation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="items", to="operations.bulkoperation"
                    ),
                ),
            ],
            options={
                "db_table": "operations_bulkitem",
                "default_permissions": (),
                "indexes": [
                    models.Index(
                        models.F("operation"),
                        models.F("outcome"),
                        models.F("position"),
                        name="operations_bulkitem_next",
                    ),
                    models.Index(models.F("operation"), models.F("position"), name="operations_bulkitem_list"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        models.F("operation"), models.F("message"), name="operations_bulkitem_is_one"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("outcome__in", ["waiting", "sent", "succeeded", "failed_again", "skipped", "cancelled"])
                        ),
                        name="operations_bulkitem_outcome",
                    ),
                ],
            },
        ),
    ]
