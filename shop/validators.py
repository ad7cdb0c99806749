"""Validators for a single line of text, shared by forms and the API."""

import re

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

# Control characters such as line breaks would allow header injection in e-mails.
no_control_characters = RegexValidator(r"^[^\x00-\x1f\x7f-\x9f]*\Z", _("Must not contain control characters."))

#: Endings that mail programs turn into links.
_ENDINGS = (
    "com|net|org|info|biz|io|co|me|ru|cn|xyz|top|site|online|shop|store|club|live|app|dev|link|click|icu|vip|pro|mobi"
    "|name|page|work|tk|ml|ga|cf|gq|cc|tv|ws|ly|gl|gg|to|su|eu|de|at|ch|fr|it|es|nl|be|pl|uk|us|ca|au|in|br|jp|kr|tr|ua"
)
#: Abbreviations before which a full stop ends no label, as in "Avda.de la Paz".
_ABBREVIATIONS = (
    "av",
    "avd",
    "avda",
    "ave",
    "bd",
    "blvd",
    "cl",
    "cra",
    "ctra",
    "pl",
    "plza",
    "pza",
    "st",
    "str",
    "urb",
)
_STOP = "".join(rf"(?<!\b{each})" for each in _ABBREVIATIONS) + "[.\u3002\uff0e\uff61]"
_LINK = re.compile(
    rf"[a-z][a-z0-9+-]*:/|\bwww\d?{_STOP}|[\w-]{{2,}}{_STOP}(?:{_ENDINGS})(?!\w)|[\w-]{_STOP}[a-z]{{2,}}/\S",
    re.IGNORECASE,
)


def no_links(text: str) -> None:
    """Names and addresses are e-mailed to whoever is named as the recipient, so they carry no message of their own."""
    if _LINK.search(text):
        raise ValidationError(_("Must not contain web addresses."), code="link")
