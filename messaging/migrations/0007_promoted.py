from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("messaging", "0006_in_flight_by_priority"),
    ]

    operations = [
        migrations.AddField(
            model_name="message",
            name="is_promoted",
            field=models.BooleanField(db_default=False, default=False, verbose_name="promoted"),
        ),
    ]
