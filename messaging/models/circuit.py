"""Which outside systems are down, since when, and who asks them next?"""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Circuit(models.Model):
    """The breaker before one outside system, such as `gateway.stripe`; no row before it first fails.

    `failing` names the different messages that met no answer since the last answer; so many of them open the circuit.
    It is open while `opened_at` is set. Nobody asks before `probe_at`; whoever asks then first moves it on, so that one
    message at a time tries whether the system is back, and sets `probing_since`.
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
