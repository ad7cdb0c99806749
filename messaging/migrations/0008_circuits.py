"""Which columns and tables do circuit breakers need?"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("messaging", "0007_alerts_are_told"),
    ]

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
        migrations.AddField(
            model_name="message",
            name="waits_for",
            field=models.CharField(blank=True, db_default="", default="", max_length=60),
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                models.F("waits_for"),
                condition=models.Q(("state", "pending"), models.Q(("waits_for", ""), _negated=True)),
                name="messaging_waits_for",
            ),
        ),
    ]
