"""Payments, refunds and gateway events, and the simulated gateway's own records."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orders.models import Order
from orders.money import display


class PaymentStatus(models.TextChoices):
    """`cancelled` includes voided: whatever the gateway reserved is released."""

    PENDING = "pending", _("pending")
    ACTION_REQUIRED = "action_required", _("confirmation required")
    PROCESSING = "processing", _("processing")
    AUTHORISED = "authorised", _("authorised")
    CAPTURED = "captured", _("captured")
    FAILED = "failed", _("failed")
    CANCELLED = "cancelled", _("cancelled")
    REFUNDED = "refunded", _("refunded")


_DECIDED = frozenset({PaymentStatus.AUTHORISED, PaymentStatus.CAPTURED, PaymentStatus.FAILED, PaymentStatus.CANCELLED})
#: The statuses that may follow each. A new payment is pending.
PAYMENT_TRANSITIONS: dict[str, frozenset[str]] = {
    PaymentStatus.PENDING: _DECIDED | {PaymentStatus.ACTION_REQUIRED, PaymentStatus.PROCESSING},
    PaymentStatus.ACTION_REQUIRED: _DECIDED | {PaymentStatus.PROCESSING},
    PaymentStatus.PROCESSING: _DECIDED,
    # To failed: the authorisation expired, or was voided at the gateway, or an operator wrote it off.
    PaymentStatus.AUTHORISED: frozenset({PaymentStatus.CAPTURED, PaymentStatus.FAILED, PaymentStatus.CANCELLED}),
    # The gateway took the money all the same; it is refunded.
    PaymentStatus.FAILED: frozenset({PaymentStatus.CAPTURED}),
    PaymentStatus.CANCELLED: frozenset({PaymentStatus.CAPTURED}),
    PaymentStatus.CAPTURED: frozenset({PaymentStatus.REFUNDED}),
    # A refund failed that was done.
    PaymentStatus.REFUNDED: frozenset({PaymentStatus.CAPTURED}),
}
#: The gateway, the bank or the shopper has yet to decide it.
AWAITED = (PaymentStatus.PENDING, PaymentStatus.ACTION_REQUIRED, PaymentStatus.PROCESSING)
#: The gateway reserves the money, or will once the shopper or the bank agrees. To be voided if the order is cancelled.
RESERVED = (PaymentStatus.ACTION_REQUIRED, PaymentStatus.PROCESSING, PaymentStatus.AUTHORISED)
#: It pays for its order: the money is reserved or captured.
PAYING = (PaymentStatus.AUTHORISED, PaymentStatus.CAPTURED)
#: Money was captured, whether or not it has been refunded since.
SETTLED = (PaymentStatus.CAPTURED, PaymentStatus.REFUNDED)
#: No money was captured, as far as the shop knows.
UNSETTLED = (*AWAITED, PaymentStatus.AUTHORISED, PaymentStatus.CANCELLED, PaymentStatus.FAILED)
#: The `failure_code` of a payment that an operator has written off: its goods have left, and it cannot be captured.
WRITTEN_OFF = "written_off"


class RefundStatus(models.TextChoices):
    """`settled`: an operator has paid it back in another way. `cancelled`: a refund from outside took its place."""

    PENDING = "pending", _("pending")
    DONE = "done", _("done")
    FAILED = "failed", _("failed")
    SETTLED = "settled", _("settled by hand")
    CANCELLED = "cancelled", _("cancelled")


#: The statuses that may follow each. A new refund is pending, and stays so once the gateway has accepted it.
REFUND_TRANSITIONS: dict[str, frozenset[str]] = {
    RefundStatus.PENDING: frozenset(
        {RefundStatus.PENDING, RefundStatus.DONE, RefundStatus.FAILED, RefundStatus.SETTLED, RefundStatus.CANCELLED}
    ),
    # The bank returned the money.
    RefundStatus.DONE: frozenset({RefundStatus.FAILED}),
    # An operator repeats it, or it succeeds after all.
    RefundStatus.FAILED: frozenset(
        {RefundStatus.PENDING, RefundStatus.DONE, RefundStatus.SETTLED, RefundStatus.CANCELLED}
    ),
    RefundStatus.SETTLED: frozenset(),
    # The gateway made it after all.
    RefundStatus.CANCELLED: frozenset({RefundStatus.PENDING, RefundStatus.DONE}),
}
#: The shopper is still owed the money.
OPEN = (RefundStatus.PENDING, RefundStatus.FAILED)
#: The shopper has the money.
RETURNED = (RefundStatus.DONE, RefundStatus.SETTLED)


class RefundSource(models.TextChoices):
    """Who made it: the shop, or somebody at the gateway, such as in its dashboard."""

    SHOP = "shop", _("shop")
    GATEWAY = "gateway", _("gateway")


class Payment(models.Model):
    """One attempt to collect an order's total with one method. Its ID is the idempotency key at the gateway.

    `action_url` is where the shopper confirms it with the bank. `confirmed_at` is when the gateway's record last
    agreed. `gateway` is as of `gateways.gateway_name`, and empty if a process of an older release wrote it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="payments", verbose_name=_("order"))
    method = models.CharField(_("method"), max_length=60)
    amount = models.PositiveBigIntegerField(_("amount"), help_text=_("minor units"))
    currency = models.CharField(_("currency"), max_length=3)
    status = models.CharField(_("status"), max_length=20, choices=PaymentStatus, default=PaymentStatus.PENDING)
    gateway = models.CharField(_("gateway"), max_length=100, blank=True, default="", db_default="")
    gateway_reference = models.CharField(_("gateway reference"), max_length=100, blank=True)
    failure_code = models.CharField(_("failure code"), max_length=60, blank=True)
    action_url = models.CharField(_("confirmation page"), max_length=1000, blank=True, default="", db_default="")
    message_id = models.UUIDField(_("message ID"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("created at"), default=timezone.now)
    authorised_at = models.DateTimeField(_("authorised at"), null=True, blank=True)
    captured_at = models.DateTimeField(_("captured at"), null=True, blank=True)
    confirmed_at = models.DateTimeField(_("confirmed at"), null=True, blank=True, editable=False)

    class Meta:
        ordering = ["created_at", "id"]
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=PaymentStatus.values), name="payments_payment_status_is_known"
            ),
            models.UniqueConstraint(
                fields=["order"],
                condition=Q(status__in=AWAITED),
                name="payments_one_awaited_payment_an_order",
            ),
        ]
        indexes = [
            models.Index(fields=["gateway_reference"], name="payments_payment_by_reference"),
            models.Index(fields=["captured_at"], name="payments_payment_captured", condition=~Q(captured_at=None)),
            models.Index(fields=["-created_at", "-id"], name="payments_payment_newest"),
            # The newest payments are captured ones, which need no index.
            models.Index(
                fields=["status", "-created_at"], name="payments_payment_by_status", condition=~Q(status="captured")
            ),
        ]
        permissions = [("refund_payment", _("Can refund payments"))]

    def __str__(self) -> str:
        return f"{display(self.amount, self.currency)} {self.get_status_display()}"

    @property
    def pays(self) -> bool:
        """Whether it pays for its order: the money is reserved or captured."""
        return self.status in PAYING

    @property
    def is_written_off(self) -> bool:
        """Whether an operator has given it up. It still counts as paid if it is captured after all."""
        return (self.status, self.failure_code) == (PaymentStatus.FAILED, WRITTEN_OFF)


class Refund(models.Model):
    """A refund of all or part of a payment. Its ID is the idempotency key at the gateway.

    `repeats` counts how often an operator has repeated it after it failed. `duplicates` is the refund that the gateway
    made although it was already settled: the shopper has that money twice.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    payment = models.ForeignKey(Payment, on_delete=models.CASCADE, related_name="refunds", verbose_name=_("payment"))
    amount = models.PositiveBigIntegerField(_("amount"), help_text=_("minor units"))
    status = models.CharField(_("status"), max_length=10, choices=RefundStatus, default=RefundStatus.PENDING)
    source = models.CharField(
        _("source"), max_length=10, choices=RefundSource, default=RefundSource.SHOP, db_default=RefundSource.SHOP
    )
    gateway_reference = models.CharField(_("gateway reference"), max_length=100, blank=True)
    failure_code = models.CharField(_("failure code"), max_length=60, blank=True, db_default="", default="")
    repeats = models.PositiveSmallIntegerField(_("repeats"), default=0, db_default=0)
    duplicates = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.CASCADE, related_name="+", verbose_name=_("duplicates")
    )
    created_at = models.DateTimeField(_("created at"), default=timezone.now)

    class Meta:
        ordering = ["created_at", "id"]
        verbose_name = _("refund")
        verbose_name_plural = _("refunds")
        indexes = [
            models.Index(fields=["gateway_reference"], name="payments_refund_by_reference"),
            models.Index(fields=["-created_at", "-id"], name="payments_refund_newest"),
            models.Index(
                fields=["status", "-created_at"], name="payments_refund_by_status", condition=~Q(status="done")
            ),
        ]

    def __str__(self) -> str:
        return f"{display(self.amount, self.payment.currency)} {self.get_status_display()}"

    @property
    def is_open(self) -> bool:
        """Whether the shopper is still owed the money."""
        return self.status in OPEN


class GatewayEvent(models.Model):
    """An event from the gateway's webhook, stored once. `key` is the ID of the payment that it is about."""

    event_id = models.CharField(_("event ID"), max_length=100, unique=True)
    kind = models.CharField(_("kind"), max_length=60)
    key = models.UUIDField(_("key"), db_index=True)
    received_at = models.DateTimeField(_("received at"), default=timezone.now)

    class Meta:
        ordering = ["received_at", "id"]
        verbose_name = _("gateway event")
        verbose_name_plural = _("gateway events")
        indexes = [models.Index(fields=["received_at"], name="payments_gatewayevent_received")]

    def __str__(self) -> str:
        return f"{self.kind} {self.event_id}"


class GatewayCharge(models.Model):
    """The simulated gateway's own record of a charge, unique by idempotency key like a real gateway's.

    It is in this database only for convenience: the gateway writes it itself, never in the shop's transaction. `state`
    is how far it was before anything was captured.
    """

    class State(models.TextChoices):
        ACTION_REQUIRED = "action_required", _("confirmation required")
        PROCESSING = "processing", _("processing")
        AUTHORISED = "authorised", _("authorised")
        DECLINED = "declined", _("declined")
        VOIDED = "voided", _("voided")

    idempotency_key = models.CharField(_("idempotency key"), max_length=64, unique=True)
    reference = models.CharField(_("reference"), max_length=100, unique=True)
    amount = models.PositiveBigIntegerField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3)
    method = models.CharField(_("method"), max_length=60)
    state = models.CharField(
        _("state"), max_length=20, choices=State, default=State.AUTHORISED, db_default=State.AUTHORISED
    )
    is_captured = models.BooleanField(_("captured"), default=True, db_default=True)
    created_at = models.DateTimeField(_("created at"), default=timezone.now)

    class Meta:
        verbose_name = _("gateway charge")
        verbose_name_plural = _("gateway charges")

    def __str__(self) -> str:
        return self.reference


class GatewayRefund(models.Model):
    """The simulated gateway's own record of a refund. It forgets keys after a while, as a real one does.

    `idempotency_key` is empty for a refund that the shop has not requested. `looks` counts how often a pending one has
    been looked up.
    """

    class Status(models.TextChoices):
        PENDING = "pending", _("pending")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")

    idempotency_key = models.CharField(_("idempotency key"), max_length=64, blank=True, db_index=True)
    repeat = models.PositiveSmallIntegerField(_("repeat"), default=0, db_default=0)
    is_forgotten = models.BooleanField(_("forgotten"), default=False, db_default=False)
    reference = models.CharField(_("reference"), max_length=100, unique=True)
    charge = models.ForeignKey(
        GatewayCharge, on_delete=models.CASCADE, related_name="refunds", verbose_name=_("charge")
    )
    amount = models.PositiveBigIntegerField(_("amount"))
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.DONE, db_default=Status.DONE)
    looks = models.PositiveSmallIntegerField(_("looks"), default=0, db_default=0)
    created_at = models.DateTimeField(_("created at"), default=timezone.now)

    class Meta:
        verbose_name = _("gateway refund")
        verbose_name_plural = _("gateway refunds")
        constraints = [
            models.UniqueConstraint(
                fields=["idempotency_key", "repeat"],
                condition=Q(is_forgotten=False) & ~Q(idempotency_key=""),
                name="payments_gateway_refund_once",
            )
        ]

    def __str__(self) -> str:
        return self.reference


class GatewayCall(models.Model):
    """Number of requests to the simulated gateway under a key, for scripts that count them (`pm_flaky_2`)."""

    idempotency_key = models.CharField(_("idempotency key"), max_length=64, unique=True)
    calls = models.PositiveIntegerField(_("calls"), default=0)

    class Meta:
        verbose_name = _("gateway call")
        verbose_name_plural = _("gateway calls")

    def __str__(self) -> str:
        return f"{self.idempotency_key}: {self.calls}"
