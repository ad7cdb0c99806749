"""Form for one line of a basket: SKU and quantity."""

from django import forms

from shop.basket.services import MAX_QUANTITY


class BasketForm(forms.Form):
    sku = forms.CharField(max_length=40)
    quantity = forms.IntegerField(min_value=1, max_value=MAX_QUANTITY, required=False)

    def clean_quantity(self) -> int:
        return self.cleaned_data["quantity"] or 1
