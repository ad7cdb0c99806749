"""Which parcels carry an order, what is printed for them, and what do the simulated carriers remember of them?"""

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


#: The carrier still has it: its tracking is worth a look.
MOVING = (ShipmentStatus.IN_TRANSIT, ShipmentStatus.DELAYED)
#: It will not arrive: a person sends another one, or gives the money back.
STRANDED = (ShipmentStatus.LOST, ShipmentStatus.RETURNED)


class ShipmentQuerySet(models.QuerySet["Shipment"]):
    def waiting_for_a_person(self) -> "ShipmentQuerySet":
        """Parcels that did not arrive, of orders that nobody has done anything about yet."""
        return self.filter(status__in=STRANDED, current_for__status="shipped")


class Shipment(models.Model):
    """A parcel booked with a carrier; an order has several where the earlier ones did not arrive.

    `current_for` is the order whose parcel this is now, and empty once another one is to be sent: so
    `order.shipment` is the one that counts, and `order.shipments` its history.
    `cost` is what the carrier wants of the shop, in minor units of `currency`; `due_from` and `due_until` are its days
    of arrival.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="shipments", verbose_name=_("order"))
    current_for = models.OneToOneField(
        Order, on_delete=models.CASCADE, related_name="shipment", null=True, blank=True, editable=False
    )
    carrier = models.CharField(_("carrier"), max_length=40)
    tracking_number = models.CharField(_("tracking number"), max_length=40)
    status = models.CharField(_("status"), max_length=10, choices=ShipmentStatus, default=ShipmentStatus.IN_TRANSIT)
    cost = models.PositiveIntegerField(_("cost"), null=True, blank=True, help_text=_("minor units"))
    currency = models.CharField(_("currency"), max_length=3, blank=True, db_default="")
    due_from = models.DateField(_("due from"), null=True, blank=True)
    due_until = models.DateField(_("due until"), null=True, blank=True)
    # What older releases printed, and read. To be dropped once none of them runs any more.
    label = models.TextField(blank=True, default="", db_default="", editable=False)
    shipped_at = models.DateTimeField(_("shipped at"), default=timezone.now)
    delivered_at = models.DateTimeField(_("delivered at"), null=True, blank=True)

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
        ]
        permissions = [
            ("reship_parcel", _("Can send an order again whose parcel did not arrive")),
            ("take_back_goods", _("Can put the goods of a returned parcel back on the shelf")),
            ("correct_address", _("Can correct the address of an order that is not booked yet")),
        ]

    def __str__(self) -> str:
        return self.tracking_number


class ParcelEvent(models.Model):
    """What a carrier told of a parcel, by its webhook or when it was asked, once each. `code` is one of `EventCode`."""

    shipment = models.ForeignKey(Shipment, on_delete=models.CASCADE, related_name="events", verbose_name=_("shipment"))
    carrier = models.CharField(_("carrier"), max_length=40)
    event_id = models.CharField(_("event id"), max_length=100)
    code = models.CharField(_("code"), max_length=20)
    at = models.DateTimeField(_("at"))
    place = models.CharField(_("place"), max_length=100, blank=True)
    text = models.CharField(_("text"), max_length=200, blank=True)
    heard_at = models.DateTimeField(_("heard at"), default=timezone.now)

    class Meta:
        ordering = ["at", "id"]
        verbose_name = _("event of a parcel")
        verbose_name_plural = _("events of parcels")
        constraints = [
            models.UniqueConstraint(fields=["carrier", "event_id"], name="shipping_parcel_event_once"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.event_id}"


class ShipmentPaper(models.Model):
    """What is printed for a parcel, kept as it was first printed."""

    class Kind(models.TextChoices):
        LABEL = "label", _("label")
        PACKING_SLIP = "packing_slip", _("packing slip")

    shipment = models.ForeignKey(Shipment, on_delete=models.CASCADE, related_name="papers")
    kind = models.CharField(max_length=12, choices=Kind)
    pdf = models.BinaryField()
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=["label", "packing_slip"]), name="shipping_paper_is_known"),
            models.UniqueConstraint(fields=["shipment", "kind"], name="shipping_one_paper_a_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.shipment_id}"


class CarrierParcel(models.Model):
    """A simulated carrier's own record of a booking, unique by idempotency key as at a real one."""

    carrier = models.CharField(_("carrier"), max_length=40, default="Swiftpost", db_default="Swiftpost")
    idempotency_key = models.CharField(_("idempotency key"), max_length=64)
    tracking_number = models.CharField(_("tracking number"), max_length=40, unique=True)
    city = models.CharField(_("city"), max_length=100)
    booked_at = models.DateTimeField(_("booked at"), default=timezone.now)
    cancelled_at = models.DateTimeField(_("cancelled at"), null=True, blank=True)

    class Meta:
        verbose_name = _("carrier's parcel")
        verbose_name_plural = _("carrier's parcels")
        constraints = [
            models.UniqueConstraint(fields=["idempotency_key", "carrier"], name="shipping_one_parcel_a_key"),
        ]

    def __str__(self) -> str:
        return self.tracking_number


class CarrierCall(models.Model):
    """How often a simulated carrier was asked for a key whose script depends on it (`Flakytown`)."""

    idempotency_key = models.CharField(max_length=64, unique=True)
    calls = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.idempotency_key}: {self.calls}"
