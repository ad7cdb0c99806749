"""Stockroom forms: goods received, and a stock count."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from shop.models.stock import NOTE_MAX

MAX_PIECES = 1_000_000
_DIGITS = 18


def parse_number(text: str) -> int:
    """A non-negative integer, or 0 for anything else, including numbers too large for the database."""
    text = text.strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _DIGITS else 0


def parse_pieces(text: str) -> int | None:
    """A number of pieces from 1 to `MAX_PIECES`; None for anything else."""
    pieces = parse_number(text)
    return pieces if 1 <= pieces <= MAX_PIECES else None


class _StockForm(forms.Form):
    """`seen` is the newest movement known to the page, so that submitting it twice counts once."""

    seen = forms.IntegerField(min_value=0, max_value=2**63 - 1, widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, seen: int = 0) -> None:
        super().__init__(data, initial={"seen": seen}, auto_id=f"{self.__class__.__name__.lower()}_%s")


class ReceiveForm(_StockForm):
    pieces = forms.IntegerField(label=_("Pieces received"), min_value=1, max_value=MAX_PIECES)


class CountForm(_StockForm):
    counted = forms.IntegerField(label=_("Pieces counted"), min_value=0, max_value=MAX_PIECES)
    reason = forms.CharField(
        label=_("Reason"), max_length=NOTE_MAX, widget=forms.TextInput(attrs={"class": "vTextField"})
    )
