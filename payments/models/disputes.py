"""Disputes, and the simulated gateway's own record of them."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from payments.amounts import total
from payments.models.payments import GatewayCharge, Payment


class DisputeStatus(models.TextChoices):
    """`closed`: it ended without a decision, such as an inquiry that was answered, or a dispute that was withdrawn."""

    NEEDS_RESPONSE = "needs_response", _("needs response")
    UNDER_REVIEW = "under_review", _("under review")
    WON = "won", _("won")
    LOST = "lost", _("lost")
    CLOSED = "closed", _("closed")


#: The bank has not decided yet.
UNDECIDED = (DisputeStatus.NEEDS_RESPONSE, DisputeStatus.UNDER_REVIEW)


class DisputeQuerySet(models.QuerySet["Dispute"]):
    def contested(self) -> "DisputeQuerySet":
        """Those whose money the bank may give back to the shopper. An inquiry takes no money."""
        return self.filter(status__in=UNDECIDED, is_inquiry=False)

    def lost(self) -> "DisputeQuerySet":
        return self.filter(status=DisputeStatus.LOST)

    def at_stake(self) -> "DisputeQuerySet":
        """Those whose money the shop cannot refund: contested and lost ones."""
        return self.contested() | self.lost()

    def to_answer(self) -> "DisputeQuerySet":
        """Those that wait for the shop's evidence."""
        return self.undecided().filter(status=DisputeStatus.NEEDS_RESPONSE, answered_at=None)

    def undecided(self) -> "DisputeQuerySet":
        return self.filter(closed_at=None)


class Dispute(models.Model):
    """A shopper's challenge of a charge at their bank, as the gateway last reported it.

    `amount` is what of the payment is disputed, in minor units of `currency`; at most all of it. The gateway takes the
    evidence until `evidence_due_at`. `answered_at` is when an operator marked it as answered, `compared_at` when the
    gateway was last asked.
    """

    gateway_id = models.CharField(_("gateway ID"), max_length=100, unique=True)
    payment = models.ForeignKey(Payment, on_delete=models.CASCADE, related_name="disputes", verbose_name=_("payment"))
    amount = models.PositiveBigIntegerField(_("amount"), help_text=_("minor units"))
    currency = models.CharField(_("currency"), max_length=3)
    reason = models.CharField(_("reason"), max_length=60, blank=True)
    status = models.CharField(_("status"), max_length=20, choices=DisputeStatus)
    is_inquiry = models.BooleanField(_("inquiry"), default=False, help_text=_("The bank asks, but takes no money yet."))
    is_withdrawn = models.BooleanField(
        _("funds withdrawn"), default=False, help_text=_("The gateway has taken the money from the shop's balance.")
    )
    evidence_due_at = models.DateTimeField(_("evidence due"), null=True, blank=True)
    opened_at = models.DateTimeField(_("opened at"), default=timezone.now)
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)
    answered_at = models.DateTimeField(_("answered at"), null=True, blank=True)
    compared_at = models.DateTimeField(_("compared at"), default=timezone.now, editable=False)

    objects = DisputeQuerySet.as_manager()

    class Meta:
        ordering = ["opened_at", "id"]
        verbose_name = _("dispute")
        verbose_name_plural = _("disputes")
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=DisputeStatus.values), name="payments_dispute_status_is_known"
            ),
        ]
        indexes = [
            models.Index(fields=["-opened_at", "-id"], name="payments_dispute_newest"),
            # Nearly all disputes are decided ones, which need no index.
            models.Index(fields=["evidence_due_at"], name="payments_dispute_undecided", condition=Q(closed_at=None)),
        ]
        permissions = [("answer_dispute", _("Can mark disputes as answered"))]

    def __str__(self) -> str:
        return f"{self.gateway_id} {self.get_status_display()}"

    @property
    def needs_answer(self) -> bool:
        """Whether it is one of `Dispute.objects.to_answer()`."""
        return self.status == DisputeStatus.NEEDS_RESPONSE and self.answered_at is None


class GatewayDisputeQuerySet(models.QuerySet["GatewayDispute"]):
    def at_stake(self) -> int:
        """Minor units that are disputed or lost, so that the gateway refuses to refund them."""
        held = self.filter(Q(status__in=UNDECIDED, is_inquiry=False) | Q(status=DisputeStatus.LOST))
        return total(held)


class GatewayDispute(models.Model):
    """The simulated gateway's own record of a dispute."""

    reference = models.CharField(_("reference"), max_length=100, unique=True)
    charge = models.ForeignKey(
        GatewayCharge, on_delete=models.CASCADE, related_name="disputes", verbose_name=_("charge")
    )
    amount = models.PositiveBigIntegerField(_("amount"))
    status = models.CharField(_("status"), max_length=20, choices=DisputeStatus)
    is_inquiry = models.BooleanField(_("inquiry"), default=False)
    created_at = models.DateTimeField(_("created at"), default=timezone.now)

    objects = GatewayDisputeQuerySet.as_manager()

    class Meta:
        verbose_name = _("gateway dispute")
        verbose_name_plural = _("gateway disputes")

    def __str__(self) -> str:
        return self.reference
