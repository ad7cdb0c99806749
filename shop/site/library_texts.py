"""Texts of libraries that the shop's own catalogue translates, because theirs addresses shoppers informally in German.

Django REST framework's catalogue wins over Django's for texts that both have, also in the forms of the storefront.
"""

from typing import Final

from django.utils.translation import gettext_noop

LIBRARY_TEXTS: Final = (
    gettext_noop("Enter a valid email address."),
    gettext_noop("Enter a valid URL."),
    gettext_noop("The submitted data was not a file. Check the encoding type on the form."),
    gettext_noop("Upload a valid image. The file you uploaded was either not an image or a corrupted image."),
)
