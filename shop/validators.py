"""Validator for a single line of text, shared by forms and the API."""

from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

# Control characters such as line breaks would allow header injection in e-mails.
no_control_characters = RegexValidator(r"^[^\x00-\x1f\x7f-\x9f]*\Z", _("Must not contain control characters."))
