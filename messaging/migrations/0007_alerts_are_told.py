"""Which alerts were told already, and which are still to be told?"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("messaging", "0006_queues_page"),
    ]

    operations = [
        migrations.AddField(
            model_name="alert",
            name="told_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="told"),
        ),
        migrations.AlterField(
            model_name="alert",
            name="cleared_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="cleared"),
        ),
        migrations.AlterField(
            model_name="alert",
            name="raised_at",
            field=models.DateTimeField(verbose_name="raised"),
        ),
        migrations.AlterField(
            model_name="alert",
            name="text",
            field=models.CharField(max_length=500, verbose_name="alert"),
        ),
    ]
