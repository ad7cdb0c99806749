"""Forms of returns: a shopper's request, and an operator's decision about what came back."""

import uuid
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orders.models import OrderLine
from shop.models import Return, ReturnLine, ReturnReason
from shop.models.returns import COMMENT_MAX, REJECTION_MAX
from shop.returns.selectors import ReturnableLine
from shop.returns.services import MOST_LINES, Decision


class ReturnForm(forms.Form):
    """Pieces of each line that can be returned, a reason, and a comment. `request_id` makes a double click one.

    A line that was chosen stays on the form when nothing of it is left meanwhile: its choice is refused, not dropped.
    Of an order of more lines than one return may have, these are the first ones that are not being returned yet.
    """

    request_id = forms.UUIDField(widget=forms.HiddenInput)
    reason = forms.ChoiceField(
        label=gettext_lazy("Reason"),
        choices=[("", gettext_lazy("Choose a reason")), *ReturnReason.choices],
        widget=forms.Select(attrs={"class": "select w-full"}),
    )
    comment = forms.CharField(
        label=gettext_lazy("Comment (optional)"),
        help_text=gettext_lazy("Tell us more if something is wrong with an item."),
        required=False,
        max_length=COMMENT_MAX,
        widget=forms.Textarea(attrs={"class": "textarea w-full", "rows": 3}),
    )

    def __init__(self, data: Any = None, *, lines: Sequence[ReturnableLine]) -> None:
        super().__init__(data, initial={"request_id": uuid.uuid4()})
        shown = (each for each in lines if each.left or self.data.get(f"line-{each.line.pk}", "0") != "0")
        self.lines = list(islice(shown, MOST_LINES))
        for each in self.lines:
            self.fields[f"line-{each.line.pk}"] = forms.TypedChoiceField(
                label=each.line.name,
                choices=[(number, str(number)) for number in range(each.left + 1)],
                coerce=int,
                required=False,
                widget=forms.Select(attrs={"class": "select w-24"}),
            )

    def line_fields(self) -> Iterator[tuple[OrderLine, BoundField]]:
        for each in self.lines:
            yield each.line, self[f"line-{each.line.pk}"]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.errors and not any(self.wanted.values()):
            self.add_error(None, _("Choose at least one item to return."))
        return data

    @property
    def wanted(self) -> dict[int, int]:
        """Pieces by primary key of the order line."""
        return {each.line.pk: self.cleaned_data.get(f"line-{each.line.pk}") or 0 for each in self.lines}


class ReceiveForm(forms.Form):
    """What an operator found in the parcel of a return, line by line."""

    rejection = forms.CharField(
        label=gettext_lazy("Reason for what is not accepted"),
        help_text=gettext_lazy("The shopper reads this in the e-mail."),
        required=False,
        max_length=REJECTION_MAX,
        widget=forms.TextInput(attrs={"class": "vTextField"}),
    )

    def __init__(self, data: Any = None, *, found: Return) -> None:
        super().__init__(data, prefix=f"return-{found.pk}")
        self.lines = list(found.lines.all())
        for line in self.lines:
            for name in ("accepted", "restocked"):
                self.fields[f"{name}-{line.pk}"] = _pieces(line)
            choices = [("", "–"), *ReturnLine.Condition.choices]
            self.fields[f"condition-{line.pk}"] = forms.ChoiceField(
                label=gettext_lazy("condition"), choices=choices, required=False
            )

    def line_fields(self) -> Iterator[tuple[ReturnLine, BoundField, BoundField, BoundField]]:
        for line in self.lines:
            yield line, *(self[f"{name}-{line.pk}"] for name in ("accepted", "restocked", "condition"))  # type: ignore[misc]

    @property
    def decisions(self) -> dict[int, Decision]:
        data = self.cleaned_data
        return {
            line.pk: Decision(
                accepted=data[f"accepted-{line.pk}"],
                restocked=data[f"restocked-{line.pk}"],
                condition=data[f"condition-{line.pk}"],
            )
            for line in self.lines
        }


def _pieces(line: ReturnLine) -> forms.IntegerField:
    return forms.IntegerField(
        label=line.order_line.name,
        initial=line.quantity,
        min_value=0,
        max_value=line.quantity,
        widget=forms.NumberInput(attrs={"min": 0, "max": line.quantity}),
    )
