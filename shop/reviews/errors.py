"""What can be refused to a reviewer?"""

from django.utils.translation import gettext as _


class NotABuyer(Exception):
    """The shopper has no order of the product that was shipped. Nothing was written."""

    def __init__(self, *, sku: str) -> None:
        self.sku = sku
        super().__init__(_("Only shoppers whose parcel with it is on its way or delivered can review a product."))
