"""Tables of the engine: messages, failed attempts, circuits, queue pauses, last runs and cursors of periodic tasks."""

from messaging.models.circuit import Circuit
from messaging.models.cursor import Cursor
from messaging.models.message import LIVE_STATES, TRANSITIONS, Attempt, Message, MessageQuerySet, State, Waits
from messaging.models.periodic_task import PeriodicTask
from messaging.models.queue_pause import QueuePause

__all__ = [
    "LIVE_STATES", "TRANSITIONS", "Attempt", "Circuit", "Cursor", "Message", "MessageQuerySet", "PeriodicTask",
    "QueuePause", "State", "Waits",
]  # fmt: skip
