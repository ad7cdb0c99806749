from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("messaging", "0007_promoted"),
    ]

    operations = [
        migrations.AddField(
            model_name="message",
            name="revivals",
            field=models.PositiveIntegerField(db_default=0, default=0, verbose_name="retries by operators"),
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                condition=models.Q(("state", "dead"), ("revivals__gt", 0)),
                fields=["-finished_at", "-id"],
                name="messaging_quarantined",
            ),
        ),
    ]
