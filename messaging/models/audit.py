"""Who did what on the operator's desk?"""

from django.db import models
from django.utils import timezone


class AuditEntry(models.Model):
    """Who did what to a message, and why. Rows are only ever added."""

    id = models.BigAutoField(primary_key=True)
    message_id = models.UUIDField(db_index=True)
    action = models.CharField(max_length=20)
    actor = models.CharField(max_length=150)
    reason = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "messaging_auditentry"
        verbose_name_plural = "audit entries"

    def __str__(self) -> str:
        return f"{self.action} by {self.actor}"
