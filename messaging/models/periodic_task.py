"""Last runs of the periodic tasks."""

from django.db import models


class PeriodicTask(models.Model):
    """Last run of one entry of the beat schedule, by the database's clock. The entry `HEARTBEAT` is beat itself."""

    HEARTBEAT = "beat's own heartbeat"

    name = models.TextField(primary_key=True)
    last_at = models.DateTimeField()

    class Meta:
        db_table = "messaging_periodictask"
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.name}: {self.last_at:%Y-%m-%d %H:%M:%S}"
