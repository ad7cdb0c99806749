"""Change forms of the admin that were opened before somebody else changed what they show.

Django's own form writes every field as its page showed it, and those that it did not show as they were read: a price
that a colleague has corrected meanwhile, and the stock that a sale has just taken, would be as before.
"""

import hashlib
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.db import connection
from django.forms.models import model_to_dict
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
    ModelForm = forms.ModelForm[Any]
else:
    ModelAdmin = admin.ModelAdmin
    ModelForm = forms.ModelForm


class _SeenField(forms.CharField):
    """What the page showed, as a digest. It is no change that the admin's history should name."""

    def __init__(self) -> None:
        super().__init__(required=False, max_length=64, widget=forms.HiddenInput)

    def has_changed(self, initial: Any, data: Any) -> bool:
        return False


class FreshForm(ModelForm):
    """Rejects what a page submits that was opened before a change of the same fields. A script may omit `seen`.

    `not_compared` are fields that may change meanwhile.
    """

    not_compared: tuple[str, ...] = ()
    seen = _SeenField()

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._present = _digest(self.instance, self.not_compared) if self.instance.pk else ""
        self.initial["seen"] = self._present

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self._present and cleaned.get("seen") and cleaned["seen"] != self._present:
            text = _(
                "Somebody changed it after you opened this page. Nothing was saved; open it again to see the change."
            )
            self.add_error(None, text)
        return cleaned


class FreshAdmin(ModelAdmin):
    """Locks what it saves before reading it: sales and other operators wait until it is saved. For `FreshForm`s."""

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        found = super().get_object(request, object_id, from_field)
        if found is None or request.method != "POST" or not connection.in_atomic_block:
            return found
        return self.get_queryset(request).select_for_update(of=("self",), no_key=True).filter(pk=found.pk).first()


def _digest(instance: Any, not_compared: Sequence[str]) -> str:
    """Of the fields that people edit, and of the texts in other languages."""
    shown = model_to_dict(instance, exclude=not_compared)
    if texts := getattr(instance, "texts", None):
        shown["texts"] = list(texts.order_by("pk").values())
    return hashlib.sha256(json.dumps(shown, sort_keys=True, default=str).encode()).hexdigest()
