"""Connects the desk to the engine's signals; receivers run in the transaction of the change."""

from typing import Any

from messaging import signals
from messaging.operations import alerts, audit
from messaging.operations.failures import group_counters
from messaging.operations.privacy import desk_records


def connect() -> None:
    signals.message_died.connect(group_counters.message_died, dispatch_uid="operations.count_death")
    for signal in (signals.messages_revived, signals.messages_discarded):
        signal.connect(group_counters.messages_left, dispatch_uid="operations.count_left")
    signals.messages_restored.connect(group_counters.messages_restored, dispatch_uid="operations.count_restored")
    for signal in (signals.messages_revived, signals.messages_discarded, signals.messages_restored):
        signal.connect(audit.record_intervention, dispatch_uid="operations.record_intervention")
    signals.messages_redacted.connect(desk_records.redact, dispatch_uid="operations.redact")
    signals.beat_ticked.connect(check_relay, dispatch_uid="operations.check_relay")


def check_relay(**kwargs: Any) -> None:
    alerts.watch_relay()
