"""Forms of the parcels page: address correction and replacement parcel."""

from dataclasses import asdict
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.utils.translation import gettext_lazy as _

from orders.models import Order
from shop.checkout.address_form import AddressForm


class CorrectionForm(AddressForm):
    """Corrected address; the recipient's name cannot change."""

    name = None  # type: ignore[assignment]

    def __init__(self, data: Any = None, *, order: Order) -> None:
        super().__init__(data, initial=asdict(order.address))
        for field in self.fields.values():
            field.widget.attrs = {"autocomplete": "off"}

    def address_fields(self) -> list[BoundField]:
        return [self[name] for name in CorrectionForm.base_fields]


class ReshipForm(CorrectionForm):
    """`shipment` is the parcel shown on the page, so that submitting the form twice sends one parcel."""

    shipment = forms.UUIDField(widget=forms.HiddenInput)
    goods_are_back = forms.BooleanField(
        required=False, label=_("The returned items can be sold: put them back into stock first")
    )
