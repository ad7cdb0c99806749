"""What does the operators' desk keep: groups of failures, alerts, edits, and a fuller audit?"""

import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("messaging", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Alert",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("key", models.CharField(max_length=150)),
                ("text", models.CharField(max_length=500)),
                ("raised_at", models.DateTimeField()),
                ("cleared_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "verbose_name": "alert",
                "verbose_name_plural": "alerts",
                "db_table": "messaging_alert",
                "default_permissions": ("view",),
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
                ("failures", models.PositiveIntegerField(default=0, verbose_name="failures of all time")),
            ],
            options={
                "verbose_name": "failure group",
                "verbose_name_plural": "failure groups",
                "db_table": "messaging_failuregroup",
                "default_permissions": ("view",),
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
                "db_table": "messaging_failurehour",
                "default_permissions": (),
            },
        ),
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
                "verbose_name": "edit of a payload",
                "verbose_name_plural": "edits of payloads",
                "db_table": "messaging_payloadedit",
            },
        ),
        migrations.AlterModelOptions(
            name="auditentry",
            options={"verbose_name": "audit entry", "verbose_name_plural": "audit entries"},
        ),
        migrations.AlterModelOptions(
            name="failedtask",
            options={
                "default_permissions": ("view",),
                "verbose_name": "failed task",
                "verbose_name_plural": "failed tasks",
            },
        ),
        migrations.AlterModelOptions(
            name="message",
            options={
                "permissions": [
                    ("reveal_payload", "Can see personal data in payloads and errors"),
                    ("retry_message", "Can send a dead message again"),
                    ("bulk_retry", "Can send many dead messages again at once"),
                    ("edit_message", "Can change a dead message's payload and send it again"),
                    ("discard_message", "Can discard a dead message, and restore it"),
                    ("pause_queue", "Can pause a queue, and let it go on"),
                ]
            },
        ),
        migrations.AddField(
            model_name="auditentry",
            name="data",
            field=models.JSONField(
                blank=True,
                db_default=models.Value({}, output_field=models.JSONField()),
                default=dict,
                verbose_name="details",
            ),
        ),
        migrations.AddField(
            model_name="auditentry",
            name="group",
            field=models.CharField(blank=True, db_default="", max_length=40, verbose_name="group"),
        ),
        migrations.AddField(
            model_name="auditentry",
            name="operation_id",
            field=models.UUIDField(blank=True, null=True, verbose_name="operation"),
        ),
        migrations.AddField(
            model_name="auditentry",
            name="queue",
            field=models.CharField(blank=True, db_default="", max_length=100, verbose_name="queue"),
        ),
        migrations.AlterField(
            model_name="auditentry",
            name="action",
            field=models.CharField(max_length=30, verbose_name="action"),
        ),
        migrations.AlterField(
            model_name="auditentry",
            name="actor",
            field=models.CharField(max_length=150, verbose_name="actor"),
        ),
        migrations.AlterField(
            model_name="auditentry",
            name="at",
            field=models.DateTimeField(default=django.utils.timezone.now, verbose_name="at"),
        ),
        migrations.AlterField(
            model_name="auditentry",
            name="message_id",
            field=models.UUIDField(blank=True, db_index=True, null=True, verbose_name="message"),
        ),
        migrations.AlterField(
            model_name="auditentry",
            name="reason",
            field=models.CharField(blank=True, max_length=500, verbose_name="reason"),
        ),
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(
                models.F("group"),
                models.F("id"),
                condition=models.Q(("group", ""), _negated=True),
                name="messaging_audit_group",
            ),
        ),
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(
                models.F("operation_id"),
                models.F("id"),
                condition=models.Q(("operation_id", None), _negated=True),
                name="messaging_audit_op",
            ),
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                models.OrderBy(models.F("finished_at"), descending=True),
                models.OrderBy(models.F("id"), descending=True),
                condition=models.Q(("state", "dead")),
                name="messaging_dead_newest",
            ),
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                models.F("finished_at"), condition=models.Q(("state", "discarded")), name="messaging_discarded"
            ),
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(models.F("id"), condition=models.Q(("replayed_from__gt", 0)), name="messaging_replayed"),
        ),
        migrations.AddConstraint(
            model_name="alert",
            constraint=models.UniqueConstraint(
                models.F("key"), condition=models.Q(("cleared_at", None)), name="messaging_alert_is_told_once"
            ),
        ),
        migrations.AddIndex(
            model_name="failuregroup",
            index=models.Index(models.F("last_seen"), name="messaging_group_last_seen"),
        ),
        migrations.AddConstraint(
            model_name="failuregroup",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["open", "acknowledged", "resolved", "regressed"])),
                name="messaging_group_state_is_known",
            ),
        ),
        migrations.AddIndex(
            model_name="failurehour",
            index=models.Index(models.F("hour"), name="messaging_failurehour_hour"),
        ),
        migrations.AddConstraint(
            model_name="failurehour",
            constraint=models.UniqueConstraint(
                models.F("fingerprint"), models.F("hour"), name="messaging_failurehour_is_one"
            ),
        ),
    ]
