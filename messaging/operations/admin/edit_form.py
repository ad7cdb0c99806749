"""Which form does a payload have? One field for each of its schema's, and pydantic says whether they fit."""

from typing import Any

from django import forms
from pydantic import ValidationError

from messaging.models import Message
from messaging.operations.actions.edit import current_payload, edited, schema_of


class EditForm(forms.Form):
    """`payload` is what would be sent, once the form is valid."""

    template_name = "admin/operations/failedtask/edit_fields.html"
    payload: dict[str, Any]

    def __init__(self, message: Message, data: Any, **options: Any) -> None:
        super().__init__(data, initial=current_payload(message), prefix="payload", **options)
        self._message = message
        schema = schema_of(message).model_json_schema()
        for name, part in schema.get("properties", {}).items():
            self.fields[name] = _field(name, part, required=name in schema.get("required", []))

    def clean(self) -> dict[str, Any]:
        given = {name: value for name, value in self.cleaned_data.items() if not self._is_left_out(name, value)}
        try:
            self.payload = edited(self._message, given)
        except ValidationError as error:
            for fault in error.errors():
                place = str(fault["loc"][0]) if fault["loc"] else None
                path = ".".join(str(part) for part in fault["loc"][1:])
                self.add_error(place if place in self.fields else None, f"{path}: {fault['msg']}".lstrip(": "))
        return self.cleaned_data

    def _is_left_out(self, name: str, value: Any) -> bool:
        """An optional field that is left blank takes the schema's default."""
        return value in (None, "") and not self.fields[name].required


def form_for(message: Message, data: Any) -> EditForm:
    """Raises `CannotEdit` where no code here knows the message's task."""
    return EditForm(message, data)


def _field(name: str, schema: dict[str, Any], *, required: bool) -> forms.Field:
    options: dict[str, Any] = {"label": name, "required": required, "help_text": schema.get("description", "")}
    if schema.get("enum"):
        return forms.ChoiceField(choices=[(value, value) for value in schema["enum"]], **options)
    match schema.get("type"):
        case "string":
            return forms.CharField(max_length=100_000, strip=False, empty_value="", **options)
        case "integer":
            return forms.IntegerField(**options)
        case "boolean":
            return forms.BooleanField(**{**options, "required": False})
    return forms.JSONField(widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}), **options)
