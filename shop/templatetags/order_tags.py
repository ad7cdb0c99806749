"""Which words do the pages of checkout and order have beyond those of the whole storefront?"""

from babel.dates import format_interval, format_skeleton
from django import template
from django.utils import translation
from django.utils.translation import gettext as _

from shipping.selectors import Window

register = template.Library()

# Weekday, day and month, as the locale arranges them.
_DAY = "MMMEd"


@register.filter
def arrival(window: Window) -> str:
    """`Wed, Mar 4 – Fri, Mar 6`, or the one day on which a parcel arrives."""
    locale = translation.to_locale(translation.get_language() or "en")
    if window.earliest == window.latest:
        return format_skeleton(_DAY, window.earliest, locale=locale)
    return format_interval(window.earliest, window.latest, _DAY, locale=locale)


@register.filter
def travels(method: str) -> str:
    """What a way to travel is like."""
    return {
        "standard": _("In good time, in good order."),
        "express": _("Overtakes other orders on every queue."),
    }.get(method, "")
