"""Which fields do several forms share?"""

from typing import Any, cast

from django import forms
from django.db import models

from orders.models import Order


def text_field(label: Any, *, of: str, autocomplete: str, **options: Any) -> forms.CharField:
    """A line of text that is as long as the order's field `of` can hold."""
    widget = forms.TextInput(attrs={"autocomplete": autocomplete, "class": "input w-full"})
    column = cast("models.CharField[str, str]", Order._meta.get_field(of))
    return forms.CharField(label=label, max_length=column.max_length, widget=widget, **options)
