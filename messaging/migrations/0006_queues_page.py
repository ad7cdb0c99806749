"""By which model is the page of the queues listed in the admin?"""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("messaging", "0005_queues"),
    ]

    operations = [
        migrations.CreateModel(
            name="Queues",
            fields=[],
            options={
                "verbose_name": "queue",
                "verbose_name_plural": "queues",
                "proxy": True,
                "default_permissions": (),
                "indexes": [],
                "constraints": [],
            },
            bases=("messaging.queuepause",),
        ),
    ]
