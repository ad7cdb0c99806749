"""Validator for a line of text, shared by forms and the API."""

from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

# Line breaks and the like have no place in a name, and would be harmful in an e-mail's header.
no_control_characters = RegexValidator(r"^[^\x00-\x1f\x7f-\x9f]*\Z", _("Must not contain control characters."))
