"""What does messaging tell the rest of the project?"""

from django.dispatch import Signal

#: Sent by `messaging.services` inside the transaction that writes a failed attempt.
#: message: Message, error_type: str, attempt: int, of: int, retry_at: datetime, or None when the message is now dead.
attempt_failed = Signal()

#: Sent by `messaging.services` inside the transaction that puts a message off because the system that it needs is down;
#: once for an outage, however often it is put off. message: Message, circuit: str.
deferred = Signal()

#: Sent by `messaging.services` inside the transaction that makes dead messages due again. messages: list[Message].
replayed = Signal()
