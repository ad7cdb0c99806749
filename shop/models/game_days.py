"""Faults that were injected into the demo."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Fault(models.Model):
    """One injected fault, which ends by itself at `ends_at`; both are one moment for a kill or a wipe.

    `holds` is its kind and target until it has ended, so that there is one of each at a time. `amount` is in the unit
    of its kind. `game_day` names the scenario and seed that it belongs to.
    """

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(_("fault"), max_length=40)
    target = models.CharField(_("target"), max_length=100, blank=True)
    amount = models.FloatField(_("amount"), default=0)
    began_at = models.DateTimeField(_("began"))
    ends_at = models.DateTimeField(_("ends"))
    begun_by = models.CharField(_("begun by"), max_length=150)
    game_day = models.CharField(_("game day"), max_length=100, blank=True)
    holds = models.CharField(max_length=150, null=True, unique=True, editable=False)  # noqa: DJ001 - unique while set

    class Meta:
        db_table = "shop_fault"
        ordering = ["-id"]
        default_permissions = ()
        permissions = [("run_game_day", "Can inject faults into the demo")]
        verbose_name = _("game day")
        verbose_name_plural = _("game days")

    def __str__(self) -> str:
        return f"{self.kind} {self.target}".strip()
