"""Pauses of queues, past and present."""

from django.db import models
from django.db.models import Q
from django.utils import timezone


class QueuePause(models.Model):
    """One pause of one queue until `resumed_at`, which may be known in advance. Kept: it explains late messages."""

    id = models.BigAutoField(primary_key=True)
    queue = models.CharField(max_length=100)
    paused_at = models.DateTimeField(default=timezone.now)
    paused_by = models.CharField(max_length=150)
    reason = models.CharField(max_length=500)
    resumed_at = models.DateTimeField(null=True, blank=True)
    resumed_by = models.CharField(max_length=150, blank=True)

    class Meta:
        db_table = "messaging_queuepause"
        default_permissions = ("view",)
        ordering = ["-paused_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["queue"], condition=Q(resumed_at__isnull=True), name="messaging_queue_is_paused_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.queue}: {self.reason}"
