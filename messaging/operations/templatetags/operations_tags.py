"""Template tags of the desk: states, subjects, times, counts, flow control, JSON, links to messages."""

from typing import Any

from django import template
from django.urls import reverse
from django.utils.safestring import SafeString

from messaging import clock
from messaging.models import Message
from messaging.operations.admin import base
from messaging.operations.dashboard import flow, overview
from messaging.operations.privacy.masking import mask_text
from messaging.transitions.failure import short

register = template.Library()
register.filter("utc", clock.text)
register.filter("moment", base.moment)
register.filter("exact", base.exact)
register.filter("with_code", base.with_code)
register.filter("error_name", short)
register.filter("about", flow.about)
register.filter("counted", flow.counted)
register.filter("drained_in", flow.drained_in)
register.filter("flow", flow.flow)


@register.simple_tag
def needs_attention(user: Any) -> list[overview.Count]:
    return list(overview.counts(user))


@register.simple_tag
def state_badge(message: Message) -> SafeString:
    return base.state_badge(message)


@register.simple_tag
def as_json(value: Any) -> SafeString:
    return base.as_json(value)


@register.filter
def masked(text: str) -> str:
    """Free text that people typed may contain personal data."""
    return mask_text(str(text))


@register.simple_tag
def subject_link(message: Message) -> str | SafeString:
    return base.subject_link(message.subject)


@register.simple_tag
def message_url(message: Message) -> str:
    """The failed task's page for a message that has ever died; the ledger's page for any other."""
    died = message.replayed_from or message.state in ("dead", "discarded")
    page = "operations_failedtask" if died else "messaging_message"
    return reverse(f"admin:{page}_change", args=[message.pk])
