"""Which columns and tables do paused queues, their charts and the passport of an order need?"""

import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("messaging", "0004_bulk_operations"),
    ]

    operations = [
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
                "db_table": "messaging_queueminute",
                "default_permissions": (),
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
            },
        ),
        migrations.AddField(
            model_name="message",
            name="started_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddIndex(
            model_name="attempt",
            index=models.Index(models.F("ended_at"), name="messaging_attempt_ended"),
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                models.F("queue"),
                models.F("available_at"),
                condition=models.Q(("state", "pending")),
                name="messaging_due_by_queue",
            ),
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                models.F("finished_at"),
                models.F("queue"),
                condition=models.Q(("state", "done")),
                name="messaging_finished",
            ),
        ),
        migrations.AddConstraint(
            model_name="queueminute",
            constraint=models.UniqueConstraint(fields=("minute", "queue"), name="messaging_one_row_a_queue_and_minute"),
        ),
        migrations.AddConstraint(
            model_name="queuepause",
            constraint=models.UniqueConstraint(
                condition=models.Q(("resumed_at__isnull", True)),
                fields=("queue",),
                name="messaging_queue_is_paused_once",
            ),
        ),
    ]
