"""When an endpoint was turned off: it is deleted some minutes after that. Unknown for those that are off already."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("webhooks", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="endpoint",
            name="off_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
    ]
