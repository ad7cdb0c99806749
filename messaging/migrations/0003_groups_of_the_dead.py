"""How do messages that died before there were groups come into them, and what keeps the audit append-only?"""

from typing import Any

from django.db import migrations
from django.db.models import Count, Max, Min

from messaging.append_only import ForbidChanges


def gather(apps: Any, editor: Any) -> None:
    message, group = (apps.get_model("messaging", name) for name in ("Message", "FailureGroup"))
    alike = (
        message.objects.filter(state="dead")
        .exclude(fingerprint="")
        .order_by()
        .values("fingerprint")
        .annotate(
            dead_count=Count("id"),
            failures=Count("id"),
            first_seen=Min("finished_at"),
            last_seen=Max("finished_at"),
            task=Max("task"),
            queue=Max("queue"),
            error_type=Max("error_type"),
            error_message=Max("error_message"),
        )
    )
    group.objects.bulk_create([group(**facts) for facts in alike.iterator()], batch_size=500)


class Migration(migrations.Migration):
    dependencies = [("messaging", "0002_desk")]

    operations = [
        migrations.RunPython(gather, migrations.RunPython.noop),
        ForbidChanges(),
    ]
