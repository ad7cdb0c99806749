"""How did the stock of a product come about?"""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from shop.models.catalogue import Product


class StockMovement(models.Model):
    """A change of stock: positive in, negative out. The sum of a product's movements is its stock."""

    class Reason(models.TextChoices):
        RESTOCK = "restock", _("restock")
        SALE = "sale", _("sale")
        RELEASE = "release", _("released by an order")
        CORRECTION = "correction", _("correction")

    id = models.BigAutoField(primary_key=True)
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="movements")
    quantity = models.IntegerField()
    reason = models.CharField(max_length=12, choices=Reason)
    reference = models.CharField(max_length=100, blank=True, db_index=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["at", "id"]
        constraints = [
            models.CheckConstraint(condition=~Q(quantity=0), name="shop_stockmovement_moves_something"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity:+} {self.reason}"
