"""Edit form of a payload: one field per schema field, validated by pydantic."""

from typing import Any

from django import forms
from pydantic import ValidationError

from messaging.models import Message
from messaging.operations.actions.edit import current_payload, edited, schema_of


class EditForm(forms.Form):
    """After validation, `payload` is the payload to send.

    Raises `CannotEdit` if the message's task is not deployed here.
    """

    template_name = "admin/operations/failedtask/edit_fields.html"
    payload: dict[str, Any]

    def __init__(self, message: Message, data: Any, **options: Any) -> None:
        super().__init__(data, initial=current_payload(message), prefix="payload", **options)
        self._message = message
        schema = schema_of(message).model_json_schema()
        for name, part in schema.get("properties", {}).items():
            self.fields[name] = _field(name, part, required=name in schema.get("required", []))

    def clean(self) -> dict[str, Any]:
        data = {name: value for name, value in self.cleaned_data.items() if not self._is_blank(name, value)}
        try:
            self.payload = edited(self._message, data)
        except ValidationError as error:
            for problem in error.errors():
                field = str(problem["loc"][0]) if problem["loc"] else None
                path = ".".join(str(part) for part in problem["loc"][1:])
                self.add_error(field if field in self.fields else None, f"{path}: {problem['msg']}".lstrip(": "))
        return self.cleaned_data

    def _is_blank(self, name: str, value: Any) -> bool:
        """A blank optional field takes the schema's default."""
        return value in (None, "") and not self.fields[name].required


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
