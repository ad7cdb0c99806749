from django.db import migrations, models
from django.db.models import Case, F, Value, When


def count_turns(apps, schema_editor):
    """A canary was counted from a position; it is counted from a turn now."""
    operations = apps.get_model("operations", "BulkOperation").objects.exclude(state__in=("finished", "cancelled"))
    for operation in operations.filter(turn__gt=0).iterator():
        is_canary = When(position__gte=operation.canary_from, then=Value(operation.turn))
        sent = operation.items.filter(outcome__in=("sent", "succeeded", "failed_again"))
        sent.update(sent_in=Case(is_canary, default=Value(0)))
        operations.filter(pk=operation.pk).update(canary_from=F("turn"))


class Migration(migrations.Migration):
    dependencies = [
        ("messaging", "0008_revivals"),
        ("operations", "0002_sql"),
    ]

    operations = [
        migrations.AddField(
            model_name="bulkitem",
            name="chain",
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="bulkitem",
            name="is_blocked",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="bulkitem",
            name="sent_in",
            field=models.PositiveBigIntegerField(blank=True, null=True),
        ),
        migrations.AlterField(
            model_name="bulkitem",
            name="reason",
            field=models.CharField(
                blank=True,
                choices=[
                    ("changed", "it changed after the preview"),
                    ("unreadable", "its body could not be decoded"),
                    ("unknown_task", "its task is unknown to the deployed code"),
                    ("schema_too_old", "its schema version is too old to be upgraded"),
                    ("schema_too_new", "its schema version is newer than the deployed code"),
                    ("wrong_arguments", "its payload does not match its schema"),
                    ("already_done", "its effect already happened"),
                    ("quarantined", "it is quarantined: earlier retries did not help"),
                    ("earlier_failed", "an earlier message of the same subject failed again"),
                    ("newer_succeeded", "a newer message of the same task and subject succeeded"),
                ],
                max_length=20,
                verbose_name="reason",
            ),
        ),
        migrations.AddIndex(
            model_name="bulkitem",
            index=models.Index(
                condition=models.Q(("is_blocked", True)),
                fields=["operation", "chain", "position"],
                name="operations_bulkitem_blocked",
            ),
        ),
        migrations.RunPython(count_turns, migrations.RunPython.noop),
    ]
