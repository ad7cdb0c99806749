"""Shipments, their documents and parcel events, and the simulated carriers' own records."""

import uuid

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orders.models import Order


class ShipmentStatus(models.TextChoices):
    IN_TRANSIT = "in_transit", _("in transit")
    DELAYED = "delayed", _("delayed")
    DELIVERED = "delivered", _("delivered")
    LOST = "lost", _("lost")
    RETURNED = "returned", _("returned")
    CANCELLED = "cancelled", _("cancelled")


#: The carrier still has the parcel, so it is worth tracking.
MOVING = (ShipmentStatus.IN_TRANSIT, ShipmentStatus.DELAYED)
#: The parcel will not arrive: an operator reships the order or refunds it.
STRANDED = (ShipmentStatus.LOST, ShipmentStatus.RETURNED)
#: Events of a parcel that are stored: far more than any parcel has. A carrier that gives an event another id each time
#: it is asked would fill the table.
MOST_EVENTS = 200
#: The statuses that may follow each. A new shipment is in transit.
TRANSITIONS: dict[str, frozenset[str]] = {
    # Cancelled: its order was cancelled, or put on hold, while the parcel was being booked.
    ShipmentStatus.IN_TRANSIT: frozenset(
        {ShipmentStatus.DELAYED, ShipmentStatus.DELIVERED, *STRANDED, ShipmentStatus.CANCELLED}
    ),
    ShipmentStatus.DELAYED: frozenset({ShipmentStatus.IN_TRANSIT, ShipmentStatus.DELIVERED, *STRANDED}),
    ShipmentStatus.DELIVERED: frozenset(),
    # Found by its carrier. One that was returned cannot be lost any more.
    ShipmentStatus.LOST: frozenset({*MOVING, ShipmentStatus.DELIVERED, ShipmentStatus.RETURNED}),
    ShipmentStatus.RETURNED: frozenset({*MOVING, ShipmentStatus.DELIVERED}),
    ShipmentStatus.CANCELLED: frozenset(),
}


class ShipmentQuerySet(models.QuerySet["Shipment"]):
    def needing_attention(self) -> "ShipmentQuerySet":
        """Stranded parcels of orders that have been neither reshipped nor refunded."""
        return self.filter(status__in=STRANDED, current_for__status="shipped")

    def found_late(self) -> "ShipmentQuerySet":
        """Stranded parcels that their carrier found after they had been replaced, refunded or restocked."""
        return self.filter(status__in=STRANDED, found_at__isnull=False)


class Shipment(models.Model):
    """A parcel booked with a carrier. An order has several if earlier ones did not arrive.

    `current_for` is the order if this is its current parcel, and empty once another one is to be sent: `order.shipment`
    is the current parcel, `order.shipments` the history.
    `cost` is the carrier's price, in minor units of `currency`. The carrier promises delivery between `due_from` and
    `due_until`. `restocked_at` is when the contents of a returned parcel were put back into stock; `found_at`, when its
    carrier found a lost or returned parcel about which an operator had already decided.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="shipments", verbose_name=_("order"))
    current_for = models.OneToOneField(
        Order,
        on_delete=models.CASCADE,
        related_name="shipment",
        null=True,
        blank=True,
        editable=False,
        verbose_name=_("current parcel of"),
    )
    carrier = models.CharField(_("carrier"), max_length=40)
    tracking_number = models.CharField(_("tracking number"), max_length=40)
    status = models.CharField(_("status"), max_length=10, choices=ShipmentStatus, default=ShipmentStatus.IN_TRANSIT)
    cost = models.PositiveIntegerField(_("cost"), null=True, blank=True, help_text=_("minor units"))
    currency = models.CharField(_("currency"), max_length=3, blank=True, db_default="")
    due_from = models.DateField(_("due from"), null=True, blank=True)
    due_until = models.DateField(_("due until"), null=True, blank=True)
    shipped_at = models.DateTimeField(_("shipped at"), default=timezone.now)
    delivered_at = models.DateTimeField(_("delivered at"), null=True, blank=True)
    restocked_at = models.DateTimeField(_("restocked at"), null=True, blank=True)
    found_at = models.DateTimeField(_("found at"), null=True, blank=True)

    #: How many events are stored; only of a shipment that `selectors.with_order` has read.
    event_count: int

    objects = ShipmentQuerySet.as_manager()

    class Meta:
        ordering = ["-shipped_at"]
        verbose_name = _("shipment")
        verbose_name_plural = _("shipments")
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=ShipmentStatus.values), name="shipping_shipment_status_is_known"
            ),
            models.CheckConstraint(
                condition=Q(current_for=None) | Q(current_for=F("order")), name="shipping_shipment_counts_for_its_order"
            ),
            models.UniqueConstraint(fields=["tracking_number", "carrier"], name="shipping_one_shipment_a_parcel"),
        ]
        indexes = [
            models.Index(
                fields=["-shipped_at"], name="shipping_stranded", condition=Q(status__in=["lost", "returned"])
            ),
            models.Index(fields=["-shipped_at", "-id"], name="shipping_newest"),
            models.Index(fields=["carrier", "-shipped_at"], name="shipping_by_carrier"),
            # Nearly all parcels are delivered ones, which need no index.
            models.Index(fields=["status", "-shipped_at"], name="shipping_by_status", condition=~Q(status="delivered")),
        ]
        permissions = [
            ("reship_parcel", _("Can reship an order whose parcel did not arrive")),
            ("restock_returned_goods", _("Can return the contents of a returned parcel to stock")),
            ("correct_address", _("Can correct the address of an order before its parcel is booked")),
        ]

    def __str__(self) -> str:
        return self.tracking_number


class ParcelEvent(models.Model):
    """A tracking event, received by webhook or by polling, stored once; at most `MOST_EVENTS` a parcel.

    `code` is one of `EventCode`.
    """

    shipment = models.ForeignKey(Shipment, on_delete=models.CASCADE, related_name="events", verbose_name=_("shipment"))
    carrier = models.CharField(_("carrier"), max_length=40)
    event_id = models.CharField(_("event ID"), max_length=100)
    code = models.CharField(_("code"), max_length=20)
    at = models.DateTimeField(_("at"))
    place = models.CharField(_("place"), max_length=100, blank=True)
    text = models.CharField(_("text"), max_length=200, blank=True)
    received_at = models.DateTimeField(_("received at"), default=timezone.now)

    class Meta:
        ordering = ["at", "id"]
        verbose_name = _("parcel event")
        verbose_name_plural = _("parcel events")
        constraints = [
            models.UniqueConstraint(fields=["carrier", "event_id"], name="shipping_parcel_event_once"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.event_id}"


class ShipmentDocument(models.Model):
    """A document printed for a parcel, stored as it was first generated."""

    class Kind(models.TextChoices):
        LABEL = "label", _("label")
        PACKING_SLIP = "packing_slip", _("packing slip")

    shipment = models.ForeignKey(
        Shipment, on_delete=models.CASCADE, related_name="documents", verbose_name=_("shipment")
    )
    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    pdf = models.BinaryField(_("PDF"))
    created_at = models.DateTimeField(_("created at"), default=timezone.now)

    class Meta:
        verbose_name = _("shipment document")
        verbose_name_plural = _("shipment documents")
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["label", "packing_slip"]), name="shipping_document_kind_is_known"
            ),
            models.UniqueConstraint(fields=["shipment", "kind"], name="shipping_one_document_of_a_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.shipment_id}"


class CarrierParcel(models.Model):
    """A simulated carrier's own record of a booking, unique by idempotency key like a real carrier's."""

    carrier = models.CharField(_("carrier"), max_length=40, default="Swiftpost", db_default="Swiftpost")
    idempotency_key = models.CharField(_("idempotency key"), max_length=64)
    tracking_number = models.CharField(_("tracking number"), max_length=40, unique=True)
    city = models.CharField(_("city"), max_length=100)
    is_return = models.BooleanField(_("return"), default=False, db_default=False)
    booked_at = models.DateTimeField(_("booked at"), default=timezone.now)
    cancelled_at = models.DateTimeField(_("cancelled at"), null=True, blank=True)

    class Meta:
        verbose_name = _("carrier parcel")
        verbose_name_plural = _("carrier parcels")
        constraints = [
            models.UniqueConstraint(fields=["idempotency_key", "carrier"], name="shipping_one_parcel_a_key"),
        ]

    def __str__(self) -> str:
        return self.tracking_number


class CarrierCall(models.Model):
    """Number of booking requests under a key, for cities whose script counts them (`Flakytown`)."""

    idempotency_key = models.CharField(_("idempotency key"), max_length=64, unique=True)
    calls = models.PositiveIntegerField(_("calls"), default=0)

    class Meta:
        verbose_name = _("carrier call")
        verbose_name_plural = _("carrier calls")

    def __str__(self) -> str:
        return f"{self.idempotency_key}: {self.calls}"
