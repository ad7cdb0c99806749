"""Models of $name."""

from django.db import models
from django.utils import timezone

from orders.models import Order


class Entry(models.Model):
    """One row for each order."""

    order = models.OneToOneField(Order, on_delete=models.CASCADE, related_name="${name}_entry")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "entries"

    def __str__(self) -> str:
        return self.order.number
