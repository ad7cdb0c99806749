"""Endpoints of merchants, deliveries of events to them, and the attempts of each delivery."""

from datetime import datetime
from urllib.parse import urlsplit

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from extensions.webhooks.signing import new_secret
from messaging.models.uuid7 import uuid7
from orders.models import Order


class Endpoint(models.Model):
    """A URL that a merchant registered, with the event types it gets.

    `secret` signs; `previous_secret` signs as well until `previous_until`, so that the receiver can change over.
    `failing` counts requests in a row without a usable answer; none is sent before `paused_until`. `off_at` is when it
    was turned off; one that was added as off has none.
    """

    url = models.URLField(_("URL"), max_length=500)
    description = models.CharField(_("description"), max_length=100, blank=True)
    events = models.JSONField(_("event types"), default=list)
    is_active = models.BooleanField(_("active"), default=True)
    off_reason = models.CharField(_("why it is off"), max_length=200, blank=True, editable=False)
    off_at = models.DateTimeField(null=True, blank=True, editable=False)
    secret = models.CharField(max_length=100, default=new_secret, editable=False)
    previous_secret = models.CharField(max_length=100, blank=True, editable=False)
    previous_until = models.DateTimeField(null=True, blank=True, editable=False)
    failing = models.PositiveIntegerField(_("failures in a row"), default=0, editable=False)
    paused_until = models.DateTimeField(_("paused until"), null=True, blank=True, editable=False)
    succeeded_at = models.DateTimeField(_("last success"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        ordering = ["id"]
        verbose_name = _("endpoint")
        verbose_name_plural = _("endpoints")

    def __str__(self) -> str:
        return f"{self.host} ({self.description})" if self.description else self.host

    @property
    def host(self) -> str:
        """Host and port. Path and query of a URL may hold the merchant's own secrets, so logs name the host only."""
        return urlsplit(self.url).netloc[:100]

    def valid_secrets(self, *, at: datetime) -> list[str]:
        """Those that sign a request at `at`: two while a rotation overlaps."""
        is_overlap = self.previous_secret and self.previous_until and at < self.previous_until
        return [self.secret, self.previous_secret] if is_overlap else [self.secret]


class State(models.TextChoices):
    PENDING = "pending", _("pending")
    DELIVERED = "delivered", _("delivered")
    FAILED = "failed", _("failed")
    SKIPPED = "skipped", _("not sent")
    DISCARDED = "discarded", _("discarded")


class Delivery(models.Model):
    """An event for one endpoint. `body` is frozen at the time of the event, and empty once it was erased.

    `event_id` is the same for all endpoints, and for all attempts: receivers recognise repeats by it. `message_id` is
    the message that delivers it, `sends` how often it was requested, `queued_at` when the last time.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    event_id = models.UUIDField(_("event ID"), editable=False)
    endpoint = models.ForeignKey(
        Endpoint, on_delete=models.CASCADE, related_name="deliveries", verbose_name=_("endpoint")
    )
    order = models.ForeignKey(
        Order, null=True, on_delete=models.CASCADE, related_name="webhook_deliveries", verbose_name=_("order")
    )
    event = models.CharField(_("event type"), max_length=40)
    body = models.TextField(_("body"))
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.PENDING)
    message_id = models.UUIDField(_("message"), editable=False, db_index=True)
    sends = models.PositiveIntegerField(_("times requested"), default=1)
    queued_at = models.DateTimeField(_("requested"), default=timezone.now)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    delivered_at = models.DateTimeField(_("delivered"), null=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        permissions = [("resend_delivery", _("Can resend webhooks"))]
        constraints = [
            models.UniqueConstraint(fields=["event_id", "endpoint"], name="webhooks_one_delivery_an_endpoint"),
            models.CheckConstraint(condition=Q(state__in=State.values), name="webhooks_delivery_state_is_known"),
        ]
        indexes = [
            models.Index(fields=["endpoint", "-id"], name="webhooks_by_endpoint"),
            models.Index(fields=["event", "-id"], name="webhooks_by_event"),
            models.Index(fields=["state", "-id"], name="webhooks_by_state", condition=~Q(state="delivered")),
            models.Index(fields=["created_at"], name="webhooks_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.event} → {self.endpoint.host}"

    @property
    def webhook_id(self) -> str:
        """The idempotency key of the receiver."""
        return f"msg_{self.event_id.hex}"


class Attempt(models.Model):
    """One request. It is written before the request, and counts as in flight until it ends or `until` has passed.

    `status` is empty if no answer came, and `error` says why. `response` is the beginning of the answer's body.
    """

    delivery = models.ForeignKey(
        Delivery, on_delete=models.CASCADE, related_name="attempts", verbose_name=_("delivery")
    )
    started_at = models.DateTimeField(_("started"), default=timezone.now)
    until = models.DateTimeField(editable=False)
    ended_at = models.DateTimeField(_("ended"), null=True)
    status = models.PositiveSmallIntegerField(_("status"), null=True)
    milliseconds = models.PositiveIntegerField(_("milliseconds"), null=True)
    error = models.CharField(_("error"), max_length=300, blank=True)
    response = models.TextField(_("response"), blank=True)

    class Meta:
        ordering = ["id"]
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")
        indexes = [models.Index(fields=["until"], name="webhooks_in_flight", condition=Q(ended_at=None))]

    def __str__(self) -> str:
        return str(self.status or self.error)
