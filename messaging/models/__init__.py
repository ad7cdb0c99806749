"""Tables of the engine: messages, failed attempts, circuits, queue pauses, periodic tasks."""

from messaging.models.circuit import Circuit
from messaging.models.message import LIVE_STATES, Attempt, Message, MessageQuerySet, State
from messaging.models.periodic_task import PeriodicTask
from messaging.models.queue_pause import QueuePause

__all__ = ["LIVE_STATES", "Attempt", "Circuit", "Message", "MessageQuerySet", "PeriodicTask", "QueuePause", "State"]
