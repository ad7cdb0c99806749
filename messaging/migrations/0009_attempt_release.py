from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("messaging", "0008_revivals"),
    ]

    operations = [
        migrations.AddField(
            model_name="attempt",
            name="exchanges",
            field=models.JSONField(
                blank=True, db_default=models.Value([], output_field=models.JSONField()), default=list
            ),
        ),
        migrations.AddField(
            model_name="attempt",
            name="log",
            field=models.TextField(blank=True, db_default="", default=""),
        ),
        migrations.AddField(
            model_name="attempt",
            name="release",
            field=models.CharField(blank=True, db_default="", default="", max_length=40),
        ),
        migrations.AddField(
            model_name="message",
            name="release",
            field=models.CharField(blank=True, db_default="", default="", max_length=40, verbose_name="release"),
        ),
    ]
