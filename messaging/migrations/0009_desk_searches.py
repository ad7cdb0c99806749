"""Which indexes let the desk count and search all that ever died within its budget?"""

from django.db import migrations, models
from django.db.models import Q

from messaging.desk.indexes import IndexSearches


class Migration(migrations.Migration):
    dependencies = [
        ("messaging", "0008_circuits"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                condition=Q(state="dead") | Q(state="discarded") | Q(replayed_from__gt=0),
                fields=["-finished_at", "-id"],
                include=["queue", "task", "error_type", "fingerprint", "state", "replayed_from"],
                name="messaging_died",
            ),
        ),
        IndexSearches(),
    ]
