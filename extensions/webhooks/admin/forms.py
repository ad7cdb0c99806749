"""The form of an endpoint. The guard of addresses is asked before anything is saved."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from extensions.webhooks import conf, endpoints, events
from extensions.webhooks.models import Endpoint
from extensions.webhooks.targets import NameUnknown, TargetRefused
from shop.stale_pages import FreshForm


class EndpointForm(FreshForm):
    """A plain text field for the URL: the guard says more than Django's validator does."""

    url = forms.CharField(
        label=_("URL"),
        max_length=500,
        strip=True,
        help_text=_("An https:// address on port 443 or 8443 whose name leads to a server on the internet."),
        widget=forms.TextInput(attrs={"class": "vTextField", "inputmode": "url", "spellcheck": "false"}),
    )
    events = forms.MultipleChoiceField(
        label=_("Event types"),
        choices=[(each, each) for each in events.TYPES],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one event type.")},
    )

    class Meta:
        model = Endpoint
        fields = ("url", "description", "events", "is_active")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if conf.current.is_local and "url" in self.fields:
            self.fields["url"].help_text = _("An http:// or https:// address, also of this machine, on any port.")

    def clean_url(self) -> str:
        """One that stays as it is must not keep an endpoint on whose server is gone; each request is guarded anyway."""
        url = str(self.cleaned_data["url"])
        if "url" not in self.changed_data:
            return url
        try:
            endpoints.check_url(url)
        except (TargetRefused, NameUnknown) as error:
            raise forms.ValidationError(str(error)) from error
        return url

    def clean(self) -> dict[str, Any]:
        if self.instance._state.adding and Endpoint.objects.count() >= endpoints.MOST:
            raise forms.ValidationError(endpoints.too_many())
        return super().clean()
