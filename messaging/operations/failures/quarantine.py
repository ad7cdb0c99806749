"""Loop guard: a dead letter that died again after `CONVEYOR_QUARANTINE_AFTER` retries by operators is quarantined.

Bulk retries leave it out. An operator retries it singly, edits its payload, or releases it.
"""

from django.db.models import Q
from django.utils.translation import ngettext

from messaging.conf import settings
from messaging.models import Message, State


def is_quarantined(message: Message) -> bool:
    return message.state == State.DEAD and message.revivals >= settings.CONVEYOR_QUARANTINE_AFTER


def condition() -> Q:
    """Quarantined messages. The second condition is the one of their index."""
    return Q(state=State.DEAD, revivals__gte=settings.CONVEYOR_QUARANTINE_AFTER) & Q(revivals__gt=0)


def sentence(message: Message) -> str:
    """Why it is quarantined."""
    return ngettext(
        "Quarantined: it died again after %(count)d retry by an operator, so bulk retries leave it out.",
        "Quarantined: it died again after each of %(count)d retries by operators, so bulk retries leave it out.",
        message.revivals,
    ) % {"count": message.revivals}
