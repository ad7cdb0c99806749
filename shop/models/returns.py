"""Returns: what a shopper sends back after delivery, and the label of the parcel it comes back in."""

import uuid

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from orders.models import Order, OrderLine
from payments.models import Refund, RefundStatus

COMMENT_MAX, REJECTION_MAX = 1000, 500


class ReturnStatus(models.TextChoices):
    REQUESTED = "requested", pgettext_lazy("a return", "requested")
    RECEIVED = "received", _("received")
    REFUNDED = "refunded", _("refunded")
    REJECTED = "rejected", _("rejected")
    CANCELLED = "cancelled", _("cancelled")


#: The statuses that may follow each. A new return is requested.
RETURN_TRANSITIONS: dict[str, frozenset[str]] = {
    ReturnStatus.REQUESTED: frozenset({ReturnStatus.RECEIVED, ReturnStatus.CANCELLED}),
    # Rejected: none of its items was accepted.
    ReturnStatus.RECEIVED: frozenset({ReturnStatus.REFUNDED, ReturnStatus.REJECTED}),
    ReturnStatus.REFUNDED: frozenset(),
    ReturnStatus.REJECTED: frozenset(),
    ReturnStatus.CANCELLED: frozenset(),
}
#: Somebody still has to act: the shopper, an operator, or the gateway.
OPEN_RETURNS = (ReturnStatus.REQUESTED, ReturnStatus.RECEIVED)


class ReturnReason(models.TextChoices):
    CHANGED_MIND = "changed_mind", _("I changed my mind")
    DOES_NOT_FIT = "does_not_fit", _("It does not fit or suit me")
    NOT_AS_DESCRIBED = "not_as_described", _("It is not as described")
    DEFECTIVE = "defective", _("It does not work")
    DAMAGED = "damaged", _("It arrived damaged")
    WRONG_ITEM = "wrong_item", _("I received the wrong item")
    OTHER = "other", _("Another reason")


class Return(models.Model):
    """Items of a delivered order that the shopper sends back. Its ID is that of its first refund, too.

    `amount` is what was refunded for it, in minor units of the order's currency: decided when it is received, and less
    than the value of its items if part of it had been refunded before. `refund` is empty if nothing was left to refund.
    It has another ID if the first was cancelled and the shopper was owed money all the same. What is owed in addition
    once a dispute is won has a refund of its own, which is not recorded here.
    `wait` is how long the shopper was given to send the parcel; empty if a process of an older release wrote it.
    `carrier` and `tracking_number` are empty until its parcel is booked, and stay so if no carrier takes returns.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="returns", verbose_name=_("order"))
    number = models.CharField(_("number"), max_length=30, unique=True)
    status = models.CharField(_("status"), max_length=10, choices=ReturnStatus, default=ReturnStatus.REQUESTED)
    reason = models.CharField(_("reason"), max_length=20, choices=ReturnReason)
    comment = models.CharField(_("comment"), max_length=COMMENT_MAX, blank=True)
    rejection = models.CharField(_("reason for the rejection"), max_length=REJECTION_MAX, blank=True)
    amount = models.PositiveBigIntegerField(_("amount"), default=0, help_text=_("minor units"))
    refund = models.OneToOneField(
        Refund, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", verbose_name=_("refund")
    )
    carrier = models.CharField(_("carrier"), max_length=40, blank=True)
    tracking_number = models.CharField(_("tracking number"), max_length=40, blank=True)
    requested_at = models.DateTimeField(_("requested at"), default=timezone.now)
    wait = models.DurationField(_("time to send it"), null=True, blank=True, editable=False)
    received_at = models.DateTimeField(_("received at"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    class Meta:
        ordering = ["-requested_at", "-id"]
        verbose_name = _("return")
        verbose_name_plural = _("returns")
        constraints = [
            models.CheckConstraint(condition=Q(status__in=ReturnStatus.values), name="shop_return_status_is_known"),
            models.CheckConstraint(condition=Q(reason__in=ReturnReason.values), name="shop_return_reason_is_known"),
        ]
        indexes = [
            models.Index(fields=["-requested_at", "-id"], name="shop_return_newest"),
            # The newest returns are refunded ones, which need no index.
            models.Index(
                fields=["status", "-requested_at", "-id"],
                name="shop_return_by_status",
                condition=~Q(status=ReturnStatus.REFUNDED),
            ),
        ]
        permissions = [("receive_return", _("Can receive, reject and cancel returns"))]

    def __str__(self) -> str:
        return self.number

    @property
    def is_open(self) -> bool:
        return self.status in OPEN_RETURNS

    @property
    def refunded_amount(self) -> int:
        """`amount`, or 0 if nothing was left to refund, or something else took the place of its refund."""
        return 0 if self.refund is None or self.refund.status == RefundStatus.CANCELLED else self.amount


class ReturnLine(models.Model):
    """Pieces of an order line that are to come back. What follows `quantity` is decided when they are received.

    Of `accepted` pieces, `restocked` went back into stock.
    """

    class Condition(models.TextChoices):
        AS_NEW = "as_new", _("as new")
        OPENED = "opened", _("opened")
        USED = "used", _("used")
        DAMAGED = "damaged", _("damaged")
        MISSING = "missing", _("not in the parcel")

    parent = models.ForeignKey(Return, on_delete=models.CASCADE, related_name="lines", verbose_name=_("return"))
    order_line = models.ForeignKey(
        OrderLine, on_delete=models.CASCADE, related_name="return_lines", verbose_name=_("order line")
    )
    quantity = models.PositiveIntegerField(_("quantity"))
    accepted = models.PositiveIntegerField(_("accepted"), null=True, blank=True)
    restocked = models.PositiveIntegerField(_("back to stock"), default=0)
    condition = models.CharField(_("condition"), max_length=10, choices=Condition, blank=True)

    class Meta:
        ordering = ["id"]
        verbose_name = _("return line")
        verbose_name_plural = _("return lines")
        default_permissions = ()
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gte=1), name="shop_returnline_quantity_is_positive"),
            models.CheckConstraint(
                condition=Q(accepted=None, restocked=0) | Q(accepted__lte=F("quantity"), restocked__lte=F("accepted")),
                name="shop_returnline_counts_fit",
            ),
            models.UniqueConstraint(fields=["parent", "order_line"], name="shop_one_line_a_return"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.order_line_id}"


class ReturnLabel(models.Model):
    """The label of a return as it was first made, so that the e-mail and every download are the same.

    It names the sender, and is deleted once the return is decided or cancelled.
    """

    parent = models.OneToOneField(
        Return, primary_key=True, on_delete=models.CASCADE, related_name="label", verbose_name=_("return")
    )
    pdf = models.BinaryField(_("PDF"))
    made_at = models.DateTimeField(_("made at"), default=timezone.now)

    class Meta:
        verbose_name = _("return label")
        verbose_name_plural = _("return labels")
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.pk)
