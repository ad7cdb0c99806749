"""Form with which a guest finds an order."""

from typing import Final
from unicodedata import normalize

from django import forms
from django.utils.translation import gettext_lazy as _

from orders.models import NUMBER_PREFIX
from shop.validators import no_control_characters

_PREFIX: Final = NUMBER_PREFIX.rstrip("-")
_CHARACTERS: Final = 10
_HALF: Final = 5
#: Characters that Crockford's base 32 leaves out, because they look like these.
_READ_AS: Final = str.maketrans({"O": "0", "I": "1", "L": "1"})


def normalised_number(text: str) -> str:
    """An order number as it is stored: in any case, with or without prefix, spaces and dashes, and O for 0 or I for 1.

    Any other text stays as it is, without spaces and dashes, and finds no order.
    """
    plain = "".join(each for each in normalize("NFKC", text).upper() if each.isalnum())
    if len(plain) == len(_PREFIX) + _CHARACTERS:
        plain = plain.removeprefix(_PREFIX)
    plain = plain.translate(_READ_AS)
    return f"{NUMBER_PREFIX}{plain[:_HALF]}-{plain[_HALF:]}" if len(plain) == _CHARACTERS else plain


class FindOrderForm(forms.Form):
    number = forms.CharField(
        label=_("Order number"),
        help_text=_("In the subject of our e-mails, such as CV-4T7XQ-92KDM."),
        max_length=40,
        validators=[no_control_characters],
        widget=forms.TextInput(
            attrs={
                "class": "input w-full",
                "autocomplete": "off",
                "autocapitalize": "characters",
                "spellcheck": "false",
            }
        ),
    )
    email = forms.EmailField(
        label=_("E-mail"),
        max_length=254,
        help_text=_("The address you ordered with."),
        widget=forms.EmailInput(attrs={"class": "input w-full", "autocomplete": "email"}),
    )

    def clean_number(self) -> str:
        return normalised_number(self.cleaned_data["number"])
