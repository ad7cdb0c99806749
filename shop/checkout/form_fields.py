"""Form field for one line of text, limited to the length of an order's column."""

from typing import Any, cast

from django import forms
from django.db import models

from orders.models import Order
from shop.validators import no_control_characters, no_links


class Line(forms.CharField):
    """One line of text, with runs of whitespace collapsed to a single space."""

    default_validators = [no_control_characters, no_links]

    def to_python(self, value: Any) -> str | None:
        text = super().to_python(value)
        return " ".join(text.split()) if text else text


def text_field(label: Any, *, of: str, autocomplete: str, **options: Any) -> Line:
    """A line of text, limited to the length of the order's field `of`."""
    widget = forms.TextInput(attrs={"autocomplete": autocomplete, "class": "input w-full"})
    column = cast("models.CharField[str, str]", Order._meta.get_field(of))
    return Line(label=label, max_length=column.max_length, widget=widget, **options)
