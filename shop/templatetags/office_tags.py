"""Template tags of the office pages: times, durations, links to messages."""

from django import template
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from messaging import clock
from messaging.hooks import message_pages
from messaging.models import Message
from messaging.transitions.failure import short

register = template.Library()
register.filter("utc", clock.text)
register.filter("utc_seconds", clock.exact)
register.filter("error_name", short)


@register.filter
def seconds(value: float) -> str:
    """`12 ms`, `1.2 s`, `3 min` or `2 h`, with the active language's decimal separator."""
    if value < 1:
        return _("%(number)s ms") % {"number": round(value * 1000)}
    if value < 120:
        return _("%(number)s s") % {"number": number_format(value, decimal_pos=1)}
    if value < 2 * 3600:
        return _("%(number)s min") % {"number": round(value / 60)}
    return _("%(number)s h") % {"number": round(value / 3600)}


@register.simple_tag
def message_link(message: Message, text: str) -> str | SafeString:
    """`text`, as a link to the message's page if the desk is installed."""
    url = message_pages.url_for(message)
    return format_html('<a href="{}">{}</a>', url, text) if url else text
