"""How much went through each queue, minute by minute?"""

from django.db import models


class QueueMinute(models.Model):
    """What ended in one queue within one minute: messages that succeeded, attempts that failed, messages that died.

    Counted afterwards, from the ledger, by `messaging.throughput.count_minutes`. No task writes here: a row that all
    tasks of a queue wrote would make them wait for one another.
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
