"""What can be refused at the checkout?"""

from django.utils.translation import gettext as _


class OutOfStock(Exception):
    """There is not enough of a product. Nothing was written. `wanted` and `left` are pieces."""

    def __init__(self, *, sku: str, wanted: int, left: int) -> None:
        self.sku, self.wanted, self.left = sku, wanted, left
        super().__init__(
            _("Only %(left)s of %(sku)s left, and %(wanted)s were wanted. Nothing was charged.")
            % {"left": left, "sku": sku, "wanted": wanted}
        )


class UnknownProduct(LookupError):
    """No product has this stock keeping unit. Nothing was written."""

    def __init__(self, *, sku: str) -> None:
        self.sku = sku
        super().__init__(_("There is no product %(sku)s. Nothing was ordered.") % {"sku": sku[:60]})


class KeyReused(Exception):
    """The idempotency key already stands for another request. Nothing was written."""

    def __init__(self, *, key: str) -> None:
        self.key = key
        super().__init__(_("This idempotency key was already used for another order. Use a new key for a new order."))
