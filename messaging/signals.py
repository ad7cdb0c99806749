"""Signals of the engine. Each is sent inside the transaction that makes the change, so receivers commit or roll back
with it."""

import logging
from typing import Any

from django.db import transaction
from django.dispatch import Signal

log = logging.getLogger(__name__)

#: A failed attempt was recorded.
#: message: Message, error_type: str, attempt: int, of: int, retry_at: datetime, or None when the message is now dead.
attempt_failed = Signal()

#: A message was deferred because the system it needs is down; sent once per outage.
#: message: Message, circuit: str.
message_deferred = Signal()

#: A message became dead. message: Message, at: datetime.
message_died = Signal()

#: Dead messages became pending again. messages: list[Message], intervention: Intervention.
messages_revived = Signal()

#: Dead messages were discarded. messages: list[Message], intervention: Intervention.
messages_discarded = Signal()

#: Discarded messages, or revived ones that no relay had claimed yet, are dead again without another failure.
#: messages: list[Message], intervention: Intervention.
messages_restored = Signal()

#: Personal data is being removed from messages. message_ids: list[UUID], redactor: Redactor.
messages_redacted = Signal()

#: Personal data is being removed from texts that may quote any message. redactor: Redactor.
texts_redacted = Signal()

#: Beat has enqueued what was due. Sent outside a transaction, at every look. No arguments.
beat_ticked = Signal()


def announce(signal: Signal, **details: Any) -> None:
    """Send a signal about a message. What a failing receiver raises is logged: it must not keep a failure unrecorded.

    The writes of all receivers roll back together then; the change of the message stands.
    """
    try:
        with transaction.atomic():
            signal.send(sender=type(details["message"]), **details)
    except Exception:
        log.exception("a receiver of a message's signal failed")
