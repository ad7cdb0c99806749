"""Connects the desk to the engine's signals; receivers run in the transaction of the change."""

import logging
import threading
from typing import Any

from django.db import connection

from messaging import signals
from messaging.operations import alerts, audit
from messaging.operations.failures import group_counters
from messaging.operations.models import Alert
from messaging.operations.privacy import desk_records

log = logging.getLogger(__name__)
_sending = threading.Lock()


def connect() -> None:
    signals.message_died.connect(group_counters.message_died, dispatch_uid="operations.count_death")
    for signal in (signals.messages_revived, signals.messages_discarded):
        signal.connect(group_counters.messages_left, dispatch_uid="operations.count_left")
    signals.messages_restored.connect(group_counters.messages_restored, dispatch_uid="operations.count_restored")
    for signal in (signals.messages_revived, signals.messages_discarded, signals.messages_restored):
        signal.connect(audit.record_intervention, dispatch_uid="operations.record_intervention")
    signals.messages_redacted.connect(desk_records.redact, dispatch_uid="operations.redact")
    signals.texts_redacted.connect(desk_records.redact_texts, dispatch_uid="operations.redact_texts")
    signals.beat_ticked.connect(check_relay, dispatch_uid="operations.check_relay")


def check_relay(**kwargs: Any) -> None:
    """Without a relay the alert's message waits, so beat sends it: in a thread, since a mail server may hang."""
    unsent = alerts.watch_relay()
    if unsent and _sending.acquire(blocking=False):
        threading.Thread(target=_send, args=[unsent], name="alerts", daemon=True).start()


def _send(unsent: list[Alert]) -> None:
    try:
        for alert in unsent:
            alerts.send(alert)
            alerts.mark_sent(alert.pk)
    except Exception as error:
        log.error("alert: beat cannot send its e-mail and will try again: %s", error)
    finally:
        connection.close()
        _sending.release()
