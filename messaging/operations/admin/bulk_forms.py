"""What does a person fill in to choose dead messages, and to say how carefully they are sent again?"""

from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from messaging.operations.bulk_retry.selection import Filters
from messaging.operations.bulk_retry.services import Pace


class ChoiceForm(forms.Form):
    """The filters of a bulk retry. All of them empty means every dead message, which must be wished expressly."""

    queue = forms.CharField(label=_("Queue"), max_length=100, required=False)
    task = forms.CharField(label=_("Task"), max_length=200, required=False)
    error = forms.CharField(
        label=_("Error"), max_length=200, required=False, help_text=_("Its type, or a part of its message.")
    )
    group = forms.CharField(label=_("Group"), max_length=40, required=False)
    subject = forms.CharField(label=_("About"), max_length=100, required=False, help_text=_("Such as an order number."))
    first_day = forms.DateField(
        label=_("Died from"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("This day on."),
    )
    last_day = forms.DateField(
        label=_("Died until"), required=False, widget=forms.DateInput(attrs={"type": "date"}), help_text=_("Included.")
    )
    everything = forms.BooleanField(label=_("Without any filter: every dead message"), required=False)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.errors and not any(data.values()):
            raise forms.ValidationError(_("Narrow the choice, or tick that you mean every dead message."))
        return data

    def filters(self) -> Filters:
        """Of a form that is valid."""
        data = dict(self.cleaned_data)
        first, last = data.pop("first_day"), data.pop("last_day")
        del data["everything"]
        return Filters(
            **data,
            since=_midnight(first) if first else None,
            until=_midnight(last + timedelta(days=1)) if last else None,
        )


class PaceForm(forms.Form):
    """How fast and how carefully. `stop_percent` is the stop ratio as people say it."""

    rate = forms.IntegerField(
        label=_("Messages a second, at most"), min_value=1, max_value=10_000, initial=Pace.rate,
        help_text=_("Think of what the other side can bear: the bank, the carrier, the mail server."),
    )  # fmt: skip
    canary = forms.IntegerField(
        label=_("Canary"), min_value=0, max_value=1000, initial=Pace.canary,
        help_text=_("So many go first; the rest waits until these have ended. 0 for none."),
    )  # fmt: skip
    stop_percent = forms.IntegerField(
        label=_("Stop when so many per cent fail again"), min_value=1, max_value=100,
        initial=round(Pace.stop_ratio * 100),
        help_text=_("Of the canary, and later of the last 50 that ended."),
    )  # fmt: skip
    reason = forms.CharField(
        label=_("Reason"), max_length=500, help_text=_("What was mended? It stays with every message.")
    )

    def pace(self) -> Pace:
        """Of a form that is valid."""
        data = self.cleaned_data
        return Pace(rate=data["rate"], canary=data["canary"], stop_ratio=data["stop_percent"] / 100)


def _midnight(day: Any) -> datetime:
    return datetime.combine(day, time.min, tzinfo=timezone.get_current_timezone())
