"""What is an event of a gateway, whichever gateway told it?"""

import uuid
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Event:
    """`key` is the charge's idempotency key, None where the event does not say; `reference` its name there."""

    id: str
    kind: str
    key: uuid.UUID | None
    reference: str
