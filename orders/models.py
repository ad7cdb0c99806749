"""Order models, and the table of allowed status transitions."""

import secrets

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orders.values import STATE_LABEL, Address

_NUMBER_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
NUMBER_PREFIX = "CV-"
NUMBER_LENGTH = len("CV-01234-56789")


def new_number() -> str:
    """An order number that is easy to read aloud: 10 characters of Crockford's base 32, 50 random bits."""
    characters = "".join(secrets.choice(_NUMBER_ALPHABET) for _ in range(10))
    return f"{NUMBER_PREFIX}{characters[:5]}-{characters[5:]}"


def new_public_id() -> str:
    """128 random bits, URL-safe. Anyone who has the link may see the order."""
    return secrets.token_urlsafe(16)


def default_language() -> str:
    return settings.LANGUAGE_CODE


class Status(models.TextChoices):
    PLACED = "placed", _("placed")
    ACTION_REQUIRED = "action_required", _("confirmation required")
    PROCESSING = "processing", _("payment processing")
    PAYMENT_FAILED = "payment_failed", _("payment failed")
    PAID = "paid", _("paid")
    SHIPPED = "shipped", _("shipped")
    DELIVERED = "delivered", _("delivered")
    CANCELLED = "cancelled", _("cancelled")
    REFUNDED = "refunded", _("refunded")


class Hold(models.TextChoices):
    """Why no parcel is booked for an order, and none sent again, whatever its status."""

    NONE = "", _("none")
    REFUND = "refund", _("a refund is not completed")
    DISPUTE = "dispute", _("a payment is disputed")
    NOTHING_LEFT = "nothing_left", _("all that was paid has gone back")


#: The statuses that may follow each. A new order is placed. Paid: the money is reserved or captured.
TRANSITIONS: dict[str, frozenset[str]] = {
    Status.PLACED: frozenset(
        {Status.PAID, Status.ACTION_REQUIRED, Status.PROCESSING, Status.PAYMENT_FAILED, Status.CANCELLED}
    ),
    # Back to placed: the shopper has chosen another method.
    Status.ACTION_REQUIRED: frozenset(
        {Status.PAID, Status.PROCESSING, Status.PAYMENT_FAILED, Status.PLACED, Status.CANCELLED}
    ),
    Status.PROCESSING: frozenset({Status.PAID, Status.PAYMENT_FAILED, Status.CANCELLED}),
    Status.PAYMENT_FAILED: frozenset({Status.PLACED, Status.CANCELLED}),
    # To payment_failed: the authorisation expired, or was voided at the gateway.
    Status.PAID: frozenset({Status.SHIPPED, Status.PAYMENT_FAILED, Status.CANCELLED, Status.REFUNDED}),
    # Back to paid: the parcel was lost or returned, and another one is to be sent.
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
    """An order. Amounts are minor units of `currency`; `total` is the sum of its amount lines.

    `language` is the language the customer ordered in, and that of the e-mails about the order.
    Once `anonymised_at` is set, name, e-mail and address have been removed for good. `hold` is changed in the
    transaction that changes the order's money; a booking, which changes this row too, sees it.
    """

    number = models.CharField(_("number"), max_length=20, unique=True, default=new_number, editable=False)
    public_id = models.CharField(_("public ID"), max_length=32, unique=True, default=new_public_id, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="orders",
        verbose_name=_("user"),
    )
    email = models.EmailField(_("e-mail"))
    name = models.CharField(_("name"), max_length=100)
    line1 = models.CharField(_("address line 1"), max_length=200)
    line2 = models.CharField(_("address line 2"), max_length=200, blank=True, default="", db_default="")
    city = models.CharField(_("city"), max_length=100)
    postcode = models.CharField(_("postcode"), max_length=20)
    state = models.CharField(STATE_LABEL, max_length=100, blank=True, default="", db_default="")
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
    hold = models.CharField(_("hold"), max_length=12, choices=Hold, blank=True, default=Hold.NONE, db_default="")
    placed_at = models.DateTimeField(_("placed at"), default=timezone.now)
    anonymised_at = models.DateTimeField(_("anonymised at"), null=True, blank=True, editable=False)

    class Meta:
        ordering = ["-placed_at", "-id"]
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        constraints = [
            models.CheckConstraint(condition=Q(status__in=Status.values), name="orders_order_status_is_known"),
            models.CheckConstraint(condition=Q(hold__in=Hold.values), name="orders_order_hold_is_known"),
            models.CheckConstraint(
                condition=Q(total=F("subtotal") + F("shipping_price")), name="orders_order_total_adds_up"
            ),
        ]
        indexes = [
            models.Index(fields=["-placed_at", "-id"], name="orders_newest"),
            models.Index(fields=["status", "-placed_at"], name="orders_by_status"),
            models.Index(Lower("email"), F("placed_at").desc(), name="orders_by_email"),
            # The common values need no index: the newest orders have them.
            models.Index(fields=["source", "-placed_at"], name="orders_by_source", condition=~Q(source="web")),
            models.Index(fields=["-placed_at"], name="orders_express", condition=Q(shipping_method="express")),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def address(self) -> Address:
        return Address.of(self)


class OrderLine(models.Model):
    """One product of an order, with its name, price and tax rate at the time of ordering.

    `tax_rate` is in basis points; 0 is exempt, None not determined, as for orders placed by older releases.
    """

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines", verbose_name=_("order"))
    sku = models.CharField(_("SKU"), max_length=40)
    name = models.CharField(_("name"), max_length=200)
    unit_price = models.PositiveBigIntegerField(_("unit price"))
    quantity = models.PositiveIntegerField(_("quantity"))
    tax_rate = models.PositiveIntegerField(_("rate"), null=True, blank=True)

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


class AmountKind(models.TextChoices):
    GOODS = "goods", _("goods")
    DELIVERY = "delivery", _("delivery")
    DISCOUNT = "discount", _("discount")
    TAX = "tax", _("tax")


class AmountLine(models.Model):
    """One amount that makes up an order's total, frozen at checkout. `amount` is in minor units and may be negative.

    The total is the sum of the lines that are not `is_included`; the tax of inclusive prices is. `rate` is in basis
    points (1900 is 19 %): that of a tax line and of the lines it is contained in. 0 is exempt, None not determined.
    """

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="amount_lines", verbose_name=_("order"))
    kind = models.CharField(_("kind"), max_length=10, choices=AmountKind)
    rate = models.PositiveIntegerField(_("rate"), null=True, blank=True)
    amount = models.BigIntegerField(_("amount"))
    is_included = models.BooleanField(_("included in the other lines"), default=False)

    class Meta:
        ordering = ["id"]
        verbose_name = _("amount line")
        verbose_name_plural = _("amount lines")
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=AmountKind.values), name="orders_amountline_kind_is_known"),
            models.CheckConstraint(
                condition=~Q(kind="tax") | Q(rate__isnull=False), name="orders_amountline_tax_has_a_rate"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.amount}"


class OrderEvent(models.Model):
    """One entry of an order's timeline."""

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
    """Maps a client's idempotency key to its order; written in the order's own transaction.

    `expires_at` is when it may be deleted; one without is kept for ever.
    """

    client = models.CharField(_("client"), max_length=64)
    key = models.CharField(_("key"), max_length=200)
    digest = models.CharField(_("digest"), max_length=64)
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="+", verbose_name=_("order"))
    created_at = models.DateTimeField(_("created at"), default=timezone.now)
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("idempotency key")
        verbose_name_plural = _("idempotency keys")
        constraints = [models.UniqueConstraint(fields=["client", "key"], name="orders_idempotency_key_is_unique")]
        indexes = [
            models.Index(
                fields=["expires_at"], name="orders_idempotency_expires", condition=Q(expires_at__isnull=False)
            )
        ]

    def __str__(self) -> str:
        return self.key


class EmailDelivery(models.Model):
    """Delivery state of an e-mail; written before the mail server is contacted.

    If a row stays `sending`, it is unknown whether the e-mail was sent. `replayed_from` is copied from the message, to
    distinguish a claim made before an operator's retry from one made after it.
    `order` is empty for other e-mails, such as a password reset.
    """

    class State(models.TextChoices):
        SENDING = "sending", _("sending")
        SENT = "sent", _("sent")

    message_id = models.UUIDField(_("message ID"), primary_key=True, editable=False)
    order = models.ForeignKey(
        Order, null=True, blank=True, on_delete=models.CASCADE, related_name="emails", verbose_name=_("order")
    )
    kind = models.CharField(_("kind"), max_length=40)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.SENDING)
    replayed_from = models.PositiveIntegerField(_("replayed from"), default=0)
    claimed_at = models.DateTimeField(_("claimed at"), default=timezone.now)
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)

    class Meta:
        ordering = ["claimed_at"]
        verbose_name = _("e-mail delivery")
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
