"""Form field of an uploaded picture."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from shop.pictures.services import Staged


class PictureField(forms.FileField):
    """Takes what `shop.pictures.services.staged` returned for the request's file; cleaned to its name."""

    widget = forms.ClearableFileInput

    def to_python(self, data: Any) -> Any:
        """Only a staged upload is stored, whatever the request holds."""
        if not isinstance(data, Staged):
            return None
        if data.error:
            raise ValidationError(data.error, code="refused")
        return data

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {"accept": "image/jpeg,image/png,image/webp,image/avif"}
