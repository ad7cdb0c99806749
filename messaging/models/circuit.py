"""Circuit breakers: state of each external system, shared by all processes."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Circuit(models.Model):
    """Circuit breaker of one external system, such as `gateway.stripe`. There is no row before its first failure.

    `failing` lists the different messages that got no answer since the last answer; enough of them open the circuit.
    It is open while `opened_at` is set. No probe is sent before `probe_at`; the first message after it moves it on and
    sets `probing_since`, so that only one message probes at a time.
    """

    name = models.CharField(primary_key=True, max_length=60)
    failing = models.JSONField(default=list)
    failed_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=500, blank=True)
    opened_at = models.DateTimeField(null=True, blank=True)
    probe_at = models.DateTimeField(null=True, blank=True)
    probing_since = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "messaging_circuit"
        default_permissions = ()
        verbose_name = _("circuit")
        verbose_name_plural = _("circuits")

    def __str__(self) -> str:
        return f"{self.name}: {'open' if self.is_open else 'closed'}"

    @property
    def is_open(self) -> bool:
        return self.opened_at is not None
