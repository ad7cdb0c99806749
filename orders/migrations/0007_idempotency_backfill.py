from datetime import timedelta

from django.db import migrations
from django.db.models import F

ROWS = 5000
#: Imports and the demo look for their keys at any time.
PERMANENT = ("replay", "demo")


def expire(apps, schema_editor):
    """Keys of clients expire. Each batch is a transaction of its own; old code meanwhile writes keys that stay."""
    keys = apps.get_model("orders", "IdempotencyKey").objects.using(schema_editor.connection.alias)
    after = 0
    while ids := list(keys.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[:ROWS]):
        after = ids[-1]
        batch = keys.filter(pk__gte=ids[0], pk__lte=after, expires_at=None).exclude(client__in=PERMANENT)
        batch.update(expires_at=F("created_at") + timedelta(days=90))


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("orders", "0006_idempotency_expires")]

    operations = [migrations.RunPython(expire, migrations.RunPython.noop)]
