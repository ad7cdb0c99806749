"""Lanes: one index in the order of claims replaces two; deferred messages know since when they wait.

The relay claims by lane, so pending messages get one of its priorities.
"""

from django.db import migrations, models
from django.db.models import Case, Q, Value, When


def settle_priorities(apps, schema_editor):
    pending = apps.get_model("messaging", "Message").objects.filter(state="pending").exclude(priority__in=(1, 5, 9))
    pending.update(
        priority=Case(When(priority__gt=9, then=Value(9)), When(priority__lt=5, then=Value(1)), default=Value(5))
    )


class Migration(migrations.Migration):
    dependencies = [("messaging", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="message",
            name="deferred_since",
            field=models.DateTimeField(blank=True, null=True, verbose_name="deferred since"),
        ),
        migrations.RunPython(settle_priorities, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                models.F("queue"),
                models.F("priority"),
                models.F("available_at"),
                condition=Q(state="pending"),
                name="messaging_lane",
            ),
        ),
        migrations.RemoveIndex(model_name="message", name="messaging_due"),
        migrations.RemoveIndex(model_name="message", name="messaging_due_by_queue"),
    ]
