"""Change forms of the admin that were opened before somebody else changed what they show.

Django's own form writes every field as its page showed it, and those that it did not show as they were read: a price
that a colleague has corrected meanwhile, and the stock that a sale has just taken, would be as before.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib.admin.actions import delete_selected
from django.contrib.messages.storage import default_storage
from django.db import IntegrityError, connection, transaction
from django.db.models import ProtectedError, QuerySet
from django.forms.models import model_to_dict
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from shop.bulk_actions import BoundedActions

if TYPE_CHECKING:
    ModelForm = forms.ModelForm[Any]
else:
    ModelForm = forms.ModelForm


#: Hexadecimal digits of each of the two digests of a page.
_HALF = 32


class _SeenField(forms.CharField):
    """What the page showed, as a digest. It is not a change that the admin's history should name."""

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
        if self._present and cleaned.get("seen") and cleaned["seen"] != self._present and not self._is_repeat():
            text = _(
                "Somebody changed it after you opened this page. Nothing was saved; open it again to see the change."
            )
            self.add_error(None, text)
        return cleaned

    def _is_repeat(self) -> bool:
        """Whether all that was typed is saved already, as by the first of two clicks, and texts are as they were.

        `changed_data` would compare some fields with what the page showed.
        """
        is_saved = not any(each.field.has_changed(self._saved(each.name), each.data) for each in self)
        return is_saved and self.cleaned_data["seen"][_HALF:] == self._present[_HALF:]

    def _saved(self, name: str) -> Any:
        return self.get_initial_for_field(self.fields[name], name)


class FreshAdmin(BoundedActions):
    """Locks what it saves before reading it: sales and other operators wait until it is saved. For `FreshForm`s."""

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Of two who add the same at once, the second gets a form that says so: both may pass the form's own check."""
        return _at_most_twice(request, partial(super().changeform_view, request, *args, **kwargs))

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """What somebody has just begun to use is not deleted: the page names what refers to it."""
        return _at_most_twice(request, partial(super().delete_view, request, *args, **kwargs))

    def response_action(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:  # type: ignore[override]
        """As `delete_view`. The history says that something was deleted only if it was."""
        respond = partial(super().response_action, request, queryset)
        if request.POST.get("action") != delete_selected.__name__:
            return respond()
        return _at_most_twice(request, transaction.atomic(respond))

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        found = super().get_object(request, object_id, from_field)
        if found is None or request.method != "POST" or not connection.in_atomic_block:
            return found
        return self.get_queryset(request).select_for_update(of=("self",), no_key=True).filter(pk=found.pk).first()


def _at_most_twice(request: HttpRequest, respond: Callable[[], Any]) -> Any:
    """The response; the second one if the database refuses what the first one has written."""
    try:
        return respond()
    except (IntegrityError, ProtectedError):
        request._messages = default_storage(request)  # type: ignore[attr-defined]  # without what was not saved
        return respond()


def _digest(instance: Any, not_compared: Sequence[str]) -> str:
    """A half of the fields that people edit, and a half of the texts in other languages."""
    texts = getattr(instance, "texts", None)
    halves = model_to_dict(instance, exclude=not_compared), list(texts.order_by("pk").values()) if texts else []
    shown = (json.dumps(half, sort_keys=True, default=str).encode() for half in halves)
    return "".join(hashlib.sha256(half).hexdigest()[:_HALF] for half in shown)
