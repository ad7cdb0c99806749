"""Forms of the stockroom: goods received, and a count."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from shop.models.stock import NOTE_MAX

MAX_PIECES = 1_000_000
_DIGITS = 18


def number_in(text: str) -> int:
    """The number that was typed, or 0 for anything that is none, or too large for any database."""
    text = text.strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _DIGITS else 0


def pieces_in(text: str) -> int | None:
    """The number of pieces that came in, from 1 to `MAX_PIECES`; None for anything else."""
    pieces = number_in(text)
    return pieces if 1 <= pieces <= MAX_PIECES else None


class _Seen(forms.Form):
    """`seen` is the newest movement that the page knew of, so that a second click changes nothing."""

    seen = forms.IntegerField(min_value=0, max_value=2**63 - 1, widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, seen: int = 0) -> None:
        super().__init__(data, initial={"seen": seen}, auto_id=f"{self.__class__.__name__.lower()}_%s")


class ReceiveForm(_Seen):
    pieces = forms.IntegerField(label=_("Pieces that came in"), min_value=1, max_value=MAX_PIECES)


class CountForm(_Seen):
    counted = forms.IntegerField(label=_("Pieces counted"), min_value=0, max_value=MAX_PIECES)
    reason = forms.CharField(
        label=_("Reason"), max_length=NOTE_MAX, widget=forms.TextInput(attrs={"class": "vTextField"})
    )
