"""How do the desk's own pages show a state, a subject, JSON, and the way to a message?"""

from typing import Any

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from messaging.hooks import subject_links
from messaging.models import Message
from messaging.operations.admin import base
from messaging.operations.privacy.masking import mask_text

register = template.Library()


@register.simple_tag
def state_word(message: Message) -> SafeString:
    return base.state_word(message)


@register.simple_tag
def as_json(value: Any) -> SafeString:
    return base.as_text(value)


@register.filter
def masked(text: str) -> str:
    """What people typed may be personal, too."""
    return mask_text(str(text))


@register.simple_tag
def about(message: Message) -> str | SafeString:
    url = subject_links.url_for(message.subject)
    return format_html('<a href="{}">{}</a>', url, message.subject) if url else message.subject or "–"


@register.simple_tag
def message_url(message: Message) -> str:
    """A message that failed has its story; any other is looked up in the ledger."""
    died = message.replayed_from or message.state in ("dead", "discarded")
    page = "operations_failedtask" if died else "messaging_message"
    return reverse(f"admin:{page}_change", args=[message.pk])
