"""Last runs of periodic tasks; deferred messages in the order of their release."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("messaging", "0003_cursor"),
    ]

    operations = [
        migrations.CreateModel(
            name="PeriodicTask",
            fields=[
                ("name", models.TextField(primary_key=True, serialize=False)),
                ("last_at", models.DateTimeField()),
            ],
            options={
                "db_table": "messaging_periodictask",
                "default_permissions": (),
            },
        ),
        migrations.RemoveIndex(
            model_name="message",
            name="messaging_waits_for",
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                condition=models.Q(("state", "pending"), models.Q(("waits_for", ""), _negated=True)),
                fields=["waits_for", "-priority", "available_at"],
                name="messaging_deferred",
            ),
        ),
    ]
