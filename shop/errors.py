"""What can be refused at the checkout, and in the stockroom?"""

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


class StockroomRefusal(Exception):
    """What a person in the stockroom asked for does not fit what has happened. Nothing was written."""


class SeenBefore(StockroomRefusal):
    """Somebody restocked or counted the product since the page was opened; it may be the same click, sent twice."""

    def __init__(self, *, sku: str, by: str) -> None:
        self.sku = sku
        super().__init__(
            _("%(by)s has changed the stock of %(sku)s by hand since this page was opened. Nothing was changed.")
            % {"by": by, "sku": sku}
        )


class CountTooLow(StockroomRefusal):
    """More is missing than is left for sale. `left` and `missing` are pieces."""

    def __init__(self, *, sku: str, left: int, missing: int) -> None:
        self.sku, self.left, self.missing = sku, left, missing
        super().__init__(
            _("%(missing)s pieces of %(sku)s are missing, but only %(left)s are left for sale. Nothing was changed.")
            % {"missing": missing, "sku": sku, "left": left}
        )
