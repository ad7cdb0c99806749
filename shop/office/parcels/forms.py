"""Forms of the parcels page: address correction and replacement parcel."""

from dataclasses import asdict
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.utils.translation import gettext_lazy as _

from orders.models import Order
from shipping.delivery_problems import address_changes
from shop.checkout.address_form import AddressForm


class CorrectionForm(AddressForm):
    """Corrected address; the recipient's name cannot change. `seen`: as in `correct_address`."""

    name = None  # type: ignore[assignment]
    seen = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, order: Order) -> None:
        super().__init__(data, initial=asdict(order.address) | {"seen": address_changes(order=order).count()})
        for field in self.fields.values():
            field.widget.attrs = {"autocomplete": "off"}

    def address_fields(self) -> list[BoundField]:
        return [self[name] for name in CorrectionForm.base_fields if name != "seen"]


class ReshipForm(CorrectionForm):
    """`shipment` is the parcel shown on the page, so that submitting the form twice sends one parcel."""

    shipment = forms.UUIDField(widget=forms.HiddenInput)
    goods_are_back = forms.BooleanField(
        required=False, label=_("The returned items can be sold: put them back into stock first")
    )
