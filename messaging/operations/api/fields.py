"""Strict serializer fields: "2", 2.0 and true are not integers, and unknown fields are errors."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from django.core.validators import RegexValidator
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiSerializerExtension
from rest_framework import serializers

no_control_characters = RegexValidator(r"^[^\x00-\x1f\x7f-\x9f]*\Z", _("Must not contain control characters."))


class Text(serializers.CharField):
    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.validators.append(no_control_characters)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


def optional_text(max_length: int, help_text: Any = None) -> Text:
    return Text(max_length=max_length, required=False, default="", allow_blank=True, help_text=help_text)


class Email(serializers.EmailField):
    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class WholeNumber(serializers.IntegerField):
    def to_internal_value(self, data: Any) -> int:
        if type(data) is not int:
            self.fail("invalid")
        return data


class Number(serializers.FloatField):
    def to_internal_value(self, data: Any) -> float:
        if type(data) not in (int, float):
            self.fail("invalid")
        return super().to_internal_value(data)


class Flag(serializers.BooleanField):
    def to_internal_value(self, data: Any) -> bool:
        if type(data) is not bool:
            self.fail("invalid", input=data)
        return data


class Id(serializers.UUIDField):
    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            self.fail("invalid", value=data)
        return super().to_internal_value(data)


# No docstring: the schema would show it for every subclass. A misspelt field is an error rather than ignored, since the
# client meant something by it.
class StrictSerializer(serializers.Serializer[Any]):
    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            unknown = {str(name): [_("Unknown field.")] for name in data if name not in self.fields}
            if unknown:
                raise serializers.ValidationError(unknown)
        return super().to_internal_value(data)


class StrictSchema(OpenApiSerializerExtension):
    """Adds to the schema that unknown fields are refused, and the length limits of lists."""

    target_class = StrictSerializer
    match_subclasses = True

    def map_serializer(self, auto_schema: Any, direction: Any) -> Any:
        mapped = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        for name, field in self.target.fields.items():
            if isinstance(field, serializers.ListSerializer):
                mapped["properties"][name] |= {
                    "minItems": int(not field.allow_empty),
                    "maxItems": getattr(field, "max_length", None),
                }
        return mapped | {"additionalProperties": False}


def read(serializer: type[serializers.Serializer[Any]], data: object) -> dict[str, Any]:
    """The validated data. Raises REST framework's `ValidationError`."""
    validated: dict[str, Any] = _shared(serializer, get_language()).run_validation(data)
    return validated


@cache
def _shared(serializer: type[serializers.Serializer[Any]], language: str | None) -> serializers.Serializer[Any]:
    """One instance for all requests in a language: a new one copies each field, which takes longer than validation.

    Some of the fields' messages keep the language in which they were first shown.
    """
    return serializer()
