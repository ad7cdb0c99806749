"""Throughput of each queue per minute."""

from django.db import models


class QueueMinute(models.Model):
    """What finished in one queue within one minute: messages done, attempts failed, messages dead.

    Counted from the ledger by `dashboard.throughput.Counting`. Tasks never write here: a row shared by all tasks
    of a queue would make them wait for one another.
    """

    id = models.BigAutoField(primary_key=True)
    queue = models.CharField(max_length=100)
    minute = models.DateTimeField()
    done = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    dead = models.PositiveIntegerField(default=0)

    class Meta:
        db_table = "operations_queueminute"
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["minute", "queue"], name="operations_queueminute_is_one")]

    def __str__(self) -> str:
        return f"{self.queue} {self.minute:%H:%M}"
