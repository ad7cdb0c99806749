"""Bulk retry forms: which dead messages to retry, and at what pace."""

from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from messaging.operations.bulk_retry.selection import Filters
from messaging.operations.bulk_retry.services import Pace


class SelectionForm(forms.Form):
    """The filters of a bulk retry. Without any filter, `everything` must be ticked."""

    queue = forms.CharField(label=_("Queue"), max_length=100, required=False)
    task = forms.CharField(label=_("Task"), max_length=200, required=False)
    error = forms.CharField(
        label=_("Error"), max_length=200, required=False, help_text=_("Error type, or part of the error message.")
    )
    group = forms.CharField(label=_("Group"), max_length=40, required=False)
    subject = forms.CharField(
        label=_("Subject"), max_length=100, required=False, help_text=_("For example, an order number.")
    )
    first_day = forms.DateField(
        label=_("Died on or after"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    last_day = forms.DateField(
        label=_("Died on or before"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    everything = forms.BooleanField(label=_("All dead messages, without a filter"), required=False)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.errors and not any(data.values()):
            raise forms.ValidationError(_("Set at least one filter, or select all dead messages."))
        return data

    def filters(self) -> Filters:
        """Call on a valid form only."""
        data = dict(self.cleaned_data)
        first, last = data.pop("first_day"), data.pop("last_day")
        del data["everything"]
        return Filters(
            **data,
            since=_midnight(first) if first else None,
            until=_midnight(last + timedelta(days=1)) if last else None,
        )


class PaceForm(forms.Form):
    """Rate, canary and stop ratio of a bulk retry. `stop_percent` is the stop ratio in per cent."""

    rate = forms.IntegerField(
        label=_("Rate limit (messages per second)"), min_value=1, max_value=10_000, initial=Pace.rate,
        help_text=_("What the systems behind these tasks can take: the bank, the carrier, the mail server."),
    )  # fmt: skip
    canary = forms.IntegerField(
        label=_("Canary"), min_value=0, max_value=1000, initial=Pace.canary,
        help_text=_("Messages retried first; the rest wait until these have finished. 0 for no canary."),
    )  # fmt: skip
    stop_percent = forms.IntegerField(
        label=_("Stop at this failure rate (%)"), min_value=1, max_value=100,
        initial=round(Pace.stop_ratio * 100),
        help_text=_("Of the canary, then of the last 50 finished messages."),
    )  # fmt: skip
    reason = forms.CharField(
        label=_("Reason"), max_length=500, help_text=_("What was fixed? Recorded with every message.")
    )

    def pace(self) -> Pace:
        """Call on a valid form only."""
        data = self.cleaned_data
        return Pace(rate=data["rate"], canary=data["canary"], stop_ratio=data["stop_percent"] / 100)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=timezone.get_current_timezone())
