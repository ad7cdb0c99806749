"""Which parcel carries an order, and what does the simulated carrier remember of it?"""

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orders.models import Order


class ShipmentStatus(models.TextChoices):
    IN_TRANSIT = "in_transit", _("in transit")
    DELIVERED = "delivered", _("delivered")
    CANCELLED = "cancelled", _("cancelled")


class Shipment(models.Model):
    """A parcel booked with a carrier. The order's number is the idempotency key there."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    order = models.OneToOneField(Order, on_delete=models.CASCADE, related_name="shipment")
    carrier = models.CharField(max_length=40)
    tracking_number = models.CharField(max_length=40, unique=True)
    label = models.TextField(help_text=_("what is printed on the parcel"))
    status = models.CharField(max_length=10, choices=ShipmentStatus, default=ShipmentStatus.IN_TRANSIT)
    shipped_at = models.DateTimeField(default=timezone.now)
    delivered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-shipped_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=ShipmentStatus.values), name="shipping_shipment_status_is_known"
            ),
        ]

    def __str__(self) -> str:
        return self.tracking_number


class CarrierParcel(models.Model):
    """The simulated carrier's own record of a booking, unique by idempotency key."""

    idempotency_key = models.CharField(max_length=64, unique=True)
    tracking_number = models.CharField(max_length=40, unique=True)
    city = models.CharField(max_length=100)
    booked_at = models.DateTimeField(default=timezone.now)
    cancelled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("carrier's parcel")

    def __str__(self) -> str:
        return self.tracking_number


class CarrierCall(models.Model):
    """How often the simulated carrier was asked for a key whose script depends on it (`Flakytown`)."""

    idempotency_key = models.CharField(max_length=64, unique=True)
    calls = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.idempotency_key}: {self.calls}"
