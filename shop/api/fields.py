"""Which values does the API take for a field? Types are strict: "2", 2.0 and true are no integers."""

import unicodedata
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers


def no_control_characters(value: str) -> None:
    """Line breaks and the like have no place in a name, and would be harmful in an e-mail's header."""
    if any(unicodedata.category(character) == "Cc" for character in value):
        raise ValidationError(_("Must not contain control characters."))


class Text(serializers.CharField):
    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.validators.append(no_control_characters)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


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


class StrictSerializer(serializers.Serializer[Any]):
    """A misspelt field is refused rather than ignored: the sender meant something by it."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            unknown = {str(name): [_("Unknown field.")] for name in data if name not in self.fields}
            if unknown:
                raise serializers.ValidationError(unknown)
        return super().to_internal_value(data)
