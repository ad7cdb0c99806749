"""Form field for one line of text, as long as an order's column."""

from typing import Any, cast

from django import forms
from django.db import models

from orders.models import Order
from shop.validators import no_control_characters


class Line(forms.CharField):
    """One line of text: every run of spaces, tabs and line breaks is one space."""

    default_validators = [no_control_characters]

    def to_python(self, value: Any) -> str | None:
        text = super().to_python(value)
        return " ".join(text.split()) if text else text


def text_field(label: Any, *, of: str, autocomplete: str, **options: Any) -> Line:
    """A line of text that is as long as the order's field `of` can hold."""
    widget = forms.TextInput(attrs={"autocomplete": autocomplete, "class": "input w-full"})
    column = cast("models.CharField[str, str]", Order._meta.get_field(of))
    return Line(label=label, max_length=column.max_length, widget=widget, **options)
