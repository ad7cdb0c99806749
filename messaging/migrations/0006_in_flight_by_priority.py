"""The index of messages in flight is ordered by priority, as recovery reads it: 1,000 of 1,000,000 without a sort."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("messaging", "0005_list_indexes")]

    operations = [
        migrations.RemoveIndex(model_name="message", name="messaging_in_flight"),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                models.F("queue"),
                models.F("priority"),
                models.F("sent_at"),
                condition=models.Q(("state", "sent")),
                name="messaging_in_flight",
            ),
        ),
    ]
