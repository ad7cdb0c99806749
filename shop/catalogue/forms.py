"""Form for the filters and sorting of a product list."""

import re
from decimal import Decimal
from typing import Any

from babel.numbers import get_currency_precision
from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from shop.catalogue.search import Criteria, Sort

# Up to two decimals after either separator: 19.90 or 19,90.
_PRICE = re.compile(r"(\d{1,7})(?:[.,](\d{1,2}))?")


class PriceField(forms.CharField):
    """Entered in major units of the shop's currency; cleaned to minor units."""

    def __init__(self, **options: Any) -> None:
        widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off", "class": "input w-full"})
        super().__init__(required=False, max_length=20, widget=widget, **options)

    def clean(self, value: Any) -> int | None:
        text = super().clean(value)
        if not text:
            return None
        match = _PRICE.fullmatch(text)
        if not match:
            raise forms.ValidationError(_("Please enter a price such as 19.90."))
        whole, part = match.groups()
        return int(Decimal(f"{whole}.{part or 0}").scaleb(get_currency_precision(settings.SHOP_CURRENCY)))


class ProductFilterForm(forms.Form):
    """Filters from a query string. An invalid one is reported, and the others still apply."""

    q = forms.CharField(max_length=100, required=False)
    category = forms.SlugField(max_length=60, required=False, label=_("Category"))
    price_from = PriceField(label=_("Price from"))
    price_to = PriceField(label=_("Price to"))
    in_stock = forms.BooleanField(
        required=False,
        label=_("In stock only"),
        widget=forms.CheckboxInput(attrs={"class": "size-5 accent-primary"}),
    )
    sort = forms.ChoiceField(
        required=False,
        label=_("Sort by"),
        choices=Sort.choices,
        error_messages={"invalid_choice": _("Unknown sort option. Please choose one from the list.")},
        widget=forms.Select(attrs={"class": "select w-full", "form": "filters"}),
    )

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        if not self.data.get("q", "").strip():
            self.fields["sort"].choices = [pair for pair in Sort.choices if pair[0] != Sort.BEST]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        low, high = self.cleaned_data.get("price_from"), self.cleaned_data.get("price_to")
        if low is not None and high is not None and low > high:
            self.add_error("price_to", _("Must be at least the minimum price."))
        return self.cleaned_data

    def criteria(self, *, category: str = "") -> Criteria:
        """Search criteria; `category` is the slug of the category page, if this is one."""
        self.full_clean()
        cleaned = self.cleaned_data
        return Criteria(
            search=cleaned.get("q", ""),
            category=category or cleaned.get("category", ""),
            price_from=cleaned.get("price_from"),
            price_to=cleaned.get("price_to"),
            in_stock=cleaned.get("in_stock", False),
            sort=cleaned.get("sort", ""),
        )
