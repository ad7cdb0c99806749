"""Form for a review."""

from django import forms
from django.utils.translation import gettext_lazy as _

from shop.models import Review

_STARS = [
    (5, _("5 stars: love it, would buy again")),
    (4, _("4 stars: good")),
    (3, _("3 stars: does the job")),
    (2, _("2 stars: not what I hoped for")),
    (1, _("1 star: would not buy again")),
]


class ReviewForm(forms.ModelForm):  # type: ignore[type-arg]
    stars = forms.TypedChoiceField(label=_("Stars"), choices=_STARS, coerce=int, widget=forms.RadioSelect)

    class Meta:
        model = Review
        fields = ("stars", "title", "text")
        labels = {"title": _("Title"), "text": _("Your review")}
        help_texts = {"text": _("Plain text, up to 2,000 characters. We show your first name and last initial.")}
        widgets = {
            "title": forms.TextInput(attrs={"class": "input w-full"}),
            "text": forms.Textarea(attrs={"class": "textarea w-full", "rows": 6}),
        }
