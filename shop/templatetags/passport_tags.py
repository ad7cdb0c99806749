"""Template filter for durations on the passport."""

from django import template
from django.utils.formats import number_format
from django.utils.translation import gettext as _

register = template.Library()


@register.filter
def seconds(value: float) -> str:
    """`12 ms`, `1.2 s`, `3 min` or `2 h`, in the reader's way to write numbers."""
    if value < 1:
        return _("%(number)s ms") % {"number": round(value * 1000)}
    if value < 120:
        return _("%(number)s s") % {"number": number_format(value, decimal_pos=1)}
    if value < 2 * 3600:
        return _("%(number)s min") % {"number": round(value / 60)}
    return _("%(number)s h") % {"number": round(value / 3600)}
