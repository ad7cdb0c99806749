"""Errors raised by order services."""

from django.utils.translation import gettext as _


class IllegalTransition(Exception):
    """The order cannot move from its current status to the requested one. Nothing was written."""

    def __init__(self, *, number: str, present: str, wanted: str) -> None:
        self.number, self.present, self.wanted = number, present, wanted
        super().__init__(
            _("Order %(number)s is %(present)s and cannot become %(wanted)s. Nothing was changed.")
            % {"number": number, "present": present, "wanted": wanted}
        )
