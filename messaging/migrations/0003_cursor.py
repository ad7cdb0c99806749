"""How far periodic work has come."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("messaging", "0002_flow_control"),
    ]

    operations = [
        migrations.CreateModel(
            name="Cursor",
            fields=[
                ("name", models.CharField(max_length=60, primary_key=True, serialize=False)),
                ("position", models.JSONField(default=dict)),
            ],
            options={
                "db_table": "messaging_cursor",
                "default_permissions": (),
            },
        ),
    ]
