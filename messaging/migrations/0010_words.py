"""What are records and fields called, in words that can be translated? In the database nothing changes."""

import django.utils.timezone
from django.db import migrations, models

import messaging.topology


class Migration(migrations.Migration):
    dependencies = [
        ("messaging", "0009_desk_searches"),
    ]

    operations = [
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
                ],
                "verbose_name": "message",
                "verbose_name_plural": "messages",
            },
        ),
        migrations.AlterField(
            model_name="message",
            name="attempts",
            field=models.PositiveIntegerField(default=0, verbose_name="attempts"),
        ),
        migrations.AlterField(
            model_name="message",
            name="available_at",
            field=models.DateTimeField(default=django.utils.timezone.now, verbose_name="available at"),
        ),
        migrations.AlterField(
            model_name="message",
            name="causation_id",
            field=models.UUIDField(blank=True, null=True, verbose_name="causation id"),
        ),
        migrations.AlterField(
            model_name="message",
            name="correlation_id",
            field=models.UUIDField(verbose_name="correlation id"),
        ),
        migrations.AlterField(
            model_name="message",
            name="created_at",
            field=models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created at"),
        ),
        migrations.AlterField(
            model_name="message",
            name="error_message",
            field=models.CharField(blank=True, max_length=1000, verbose_name="error message"),
        ),
        migrations.AlterField(
            model_name="message",
            name="error_type",
            field=models.CharField(blank=True, max_length=200, verbose_name="error type"),
        ),
        migrations.AlterField(
            model_name="message",
            name="fingerprint",
            field=models.CharField(blank=True, max_length=40, verbose_name="fingerprint"),
        ),
        migrations.AlterField(
            model_name="message",
            name="finished_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="finished at"),
        ),
        migrations.AlterField(
            model_name="message",
            name="note",
            field=models.CharField(blank=True, max_length=500, verbose_name="note"),
        ),
        migrations.AlterField(
            model_name="message",
            name="payload",
            field=models.JSONField(default=dict, verbose_name="payload"),
        ),
        migrations.AlterField(
            model_name="message",
            name="priority",
            field=models.PositiveSmallIntegerField(
                default=messaging.topology.Priority["NORMAL"], verbose_name="priority"
            ),
        ),
        migrations.AlterField(
            model_name="message",
            name="queue",
            field=models.CharField(max_length=100, verbose_name="queue"),
        ),
        migrations.AlterField(
            model_name="message",
            name="replayed_from",
            field=models.PositiveIntegerField(default=0, verbose_name="replayed from"),
        ),
        migrations.AlterField(
            model_name="message",
            name="routing_key",
            field=models.CharField(max_length=200, verbose_name="routing key"),
        ),
        migrations.AlterField(
            model_name="message",
            name="schema_version",
            field=models.PositiveSmallIntegerField(default=1, verbose_name="schema version"),
        ),
        migrations.AlterField(
            model_name="message",
            name="sends",
            field=models.PositiveIntegerField(default=0, verbose_name="sends"),
        ),
        migrations.AlterField(
            model_name="message",
            name="sent_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="sent at"),
        ),
        migrations.AlterField(
            model_name="message",
            name="started_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="started at"),
        ),
        migrations.AlterField(
            model_name="message",
            name="state",
            field=models.CharField(
                choices=[
                    ("pending", "waiting to be sent"),
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
        migrations.AlterField(
            model_name="message",
            name="subject",
            field=models.CharField(blank=True, max_length=100, verbose_name="subject"),
        ),
        migrations.AlterField(
            model_name="message",
            name="task",
            field=models.CharField(max_length=200, verbose_name="task"),
        ),
        migrations.AlterField(
            model_name="message",
            name="traceparent",
            field=models.CharField(blank=True, max_length=55, verbose_name="traceparent"),
        ),
        migrations.AlterField(
            model_name="message",
            name="waits_for",
            field=models.CharField(blank=True, db_default="", default="", max_length=60, verbose_name="waits for"),
        ),
    ]
