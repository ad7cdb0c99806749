"""Form of a review."""

from django import forms
from django.utils.translation import gettext_lazy as _

from shop.models import Review

_STARS = [
    (5, _("5 stars: would buy again at once")),
    (4, _("4 stars: good")),
    (3, _("3 stars: does its job")),
    (2, _("2 stars: not what I hoped for")),
    (1, _("1 star: do not buy")),
]


class ReviewForm(forms.ModelForm):  # type: ignore[type-arg]
    stars = forms.TypedChoiceField(label=_("Stars"), choices=_STARS, coerce=int, widget=forms.RadioSelect)

    class Meta:
        model = Review
        fields = ("stars", "title", "text")
        labels = {"title": _("In a few words"), "text": _("What should others know?")}
        help_texts = {"text": _("Plain text, 2,000 characters at most. Your first name and an initial are shown.")}
        widgets = {
            "title": forms.TextInput(attrs={"class": "input w-full"}),
            "text": forms.Textarea(attrs={"class": "textarea w-full", "rows": 6}),
        }
