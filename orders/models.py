"""What is an order, and which moves between its states are allowed?"""

import secrets

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

_NUMBER_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
NUMBER_LENGTH = len("CV-01234-56789")


def new_number() -> str:
    """An order number a person can read out: 10 characters of Crockford's base 32, 50 random bits."""
    letters = "".join(secrets.choice(_NUMBER_ALPHABET) for _ in range(10))
    return f"CV-{letters[:5]}-{letters[5:]}"


def new_public_id() -> str:
    """128 random bits, safe in a URL: who has the link may see the order."""
    return secrets.token_urlsafe(16)


def default_language() -> str:
    return settings.LANGUAGE_CODE


class Status(models.TextChoices):
    PLACED = "placed", _("placed")
    PAYMENT_FAILED = "payment_failed", _("payment failed")
    PAID = "paid", _("paid")
    SHIPPED = "shipped", _("shipped")
    DELIVERED = "delivered", _("delivered")
    CANCELLED = "cancelled", _("cancelled")
    REFUNDED = "refunded", _("refunded")


TRANSITIONS: dict[str, frozenset[str]] = {
    Status.PLACED: frozenset({Status.PAID, Status.PAYMENT_FAILED, Status.CANCELLED}),
    Status.PAYMENT_FAILED: frozenset({Status.PLACED, Status.CANCELLED}),
    Status.PAID: frozenset({Status.SHIPPED, Status.CANCELLED, Status.REFUNDED}),
    # Back to paid: its parcel was lost or came back, and another one is to be sent.
    Status.SHIPPED: frozenset({Status.DELIVERED, Status.REFUNDED, Status.PAID}),
    Status.DELIVERED: frozenset({Status.REFUNDED}),
    Status.CANCELLED: frozenset({Status.REFUNDED}),
    Status.REFUNDED: frozenset(),
}


class ShippingMethod(models.TextChoices):
    STANDARD = "standard", _("standard")
    EXPRESS = "express", _("express")


class Source(models.TextChoices):
    WEB = "web", _("storefront")
    API = "api", _("API")
    IMPORT = "import", _("import")


class Order(models.Model):
    """An order. Amounts are minor units of `currency`; `total = subtotal + shipping_price`.

    `language` is what the shopper read while ordering, and what the shop's e-mails about the order are written in.
    Once `anonymised_at` is set, name, e-mail and address are gone for good.
    """

    number = models.CharField(_("number"), max_length=20, unique=True, default=new_number, editable=False)
    public_id = models.CharField(_("public id"), max_length=32, unique=True, default=new_public_id, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="orders",
        verbose_name=_("user"),
    )
    email = models.EmailField(_("email"))
    name = models.CharField(_("name"), max_length=100)
    line1 = models.CharField(_("line1"), max_length=200)
    city = models.CharField(_("city"), max_length=100)
    postcode = models.CharField(_("postcode"), max_length=20)
    country = models.CharField(_("country"), max_length=2)
    shipping_method = models.CharField(
        _("shipping method"), max_length=10, choices=ShippingMethod, default=ShippingMethod.STANDARD
    )
    source = models.CharField(_("source"), max_length=10, choices=Source, default=Source.WEB)
    language = models.CharField(_("language"), max_length=10, default=default_language, db_default="en")
    currency = models.CharField(_("currency"), max_length=3)
    subtotal = models.PositiveBigIntegerField(_("subtotal"))
    shipping_price = models.PositiveBigIntegerField(_("shipping price"), default=0)
    total = models.PositiveBigIntegerField(_("total"))
    status = models.CharField(_("status"), max_length=20, choices=Status, default=Status.PLACED)
    placed_at = models.DateTimeField(_("placed at"), default=timezone.now)
    anonymised_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["-placed_at", "-id"]
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        constraints = [
            models.CheckConstraint(condition=Q(status__in=Status.values), name="orders_order_status_is_known"),
            models.CheckConstraint(
                condition=Q(total=F("subtotal") + F("shipping_price")), name="orders_order_total_adds_up"
            ),
        ]
        indexes = [
            models.Index(fields=["-placed_at", "-id"], name="orders_newest"),
            models.Index(fields=["status", "-placed_at"], name="orders_by_status"),
        ]

    def __str__(self) -> str:
        return self.number


class OrderLine(models.Model):
    """What was ordered, at the name and price of that moment."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines", verbose_name=_("order"))
    sku = models.CharField(_("sku"), max_length=40)
    name = models.CharField(_("name"), max_length=200)
    unit_price = models.PositiveBigIntegerField(_("unit price"))
    quantity = models.PositiveIntegerField(_("quantity"))

    class Meta:
        ordering = ["id"]
        verbose_name = _("order line")
        verbose_name_plural = _("order lines")
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gte=1), name="orders_orderline_quantity_is_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.name}"

    @property
    def total(self) -> int:
        """Minor units of the order's currency."""
        return self.unit_price * self.quantity


class OrderEvent(models.Model):
    """One thing that happened to an order; timelines show these and nothing else."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="events", verbose_name=_("order"))
    kind = models.CharField(_("kind"), max_length=40)
    data = models.JSONField(_("data"), default=dict, blank=True)
    at = models.DateTimeField(_("at"), default=timezone.now)

    class Meta:
        ordering = ["at", "id"]
        verbose_name = _("order event")
        verbose_name_plural = _("order events")

    def __str__(self) -> str:
        return self.kind


class IdempotencyKey(models.Model):
    """Which order a client's key stands for; written in the order's own transaction."""

    client = models.CharField(max_length=64)
    key = models.CharField(max_length=200)
    digest = models.CharField(max_length=64)
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["client", "key"], name="orders_idempotency_key_is_unique")]

    def __str__(self) -> str:
        return self.key


class EmailDelivery(models.Model):
    """How far the sending of an e-mail has come; written before the mail server is spoken to.

    A row that stays `sending` says that nobody knows whether the e-mail was sent. `replayed_from` is its message's
    number of that name at the time, by which a claim from before an operator's retry is told from one after it.
    `order` is empty for e-mails about something else, such as a password.
    """

    class State(models.TextChoices):
        SENDING = "sending", _("sending")
        SENT = "sent", _("sent")

    message_id = models.UUIDField(primary_key=True, editable=False)
    order = models.ForeignKey(Order, null=True, blank=True, on_delete=models.CASCADE, related_name="emails")
    kind = models.CharField(max_length=40)
    state = models.CharField(max_length=10, choices=State, default=State.SENDING)
    replayed_from = models.PositiveIntegerField(default=0)
    claimed_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["claimed_at"]
        verbose_name_plural = _("e-mail deliveries")
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["sending", "sent"]), name="orders_emaildelivery_state_is_known"
            ),
        ]
        indexes = [
            models.Index("claimed_at", name="orders_email_sending", condition=Q(state="sending")),
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.state}"
