"""What a gateway reports of a dispute."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from payments import record_values


class DisputeState(StrEnum):
    """`CLOSED`: it ended without a decision, such as an inquiry that was answered, or a dispute that was withdrawn."""

    NEEDS_RESPONSE = "needs_response"
    UNDER_REVIEW = "under_review"
    WON = "won"
    LOST = "lost"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class DisputeRecord:
    """The gateway's own record of a dispute. `amount` is in minor units of `currency`.

    `key` is the idempotency key of the disputed charge; empty for a charge that is not the shop's. An inquiry takes no
    money, and its charge can still be refunded. `is_withdrawn`: the gateway holds the money back now.
    """

    reference: str
    key: str
    amount: int
    currency: str
    reason: str
    state: DisputeState
    is_inquiry: bool
    is_withdrawn: bool
    evidence_due_at: datetime | None
    opened_at: datetime

    def __post_init__(self) -> None:
        record_values.check(self.reference, self.currency, self.amount)


@dataclass(frozen=True, slots=True)
class DisputePage:
    """Keys of disputed charges by the dispute's reference, and where the next page begins; empty: this is the last.

    Empty key: a charge that is not the shop's.
    """

    keys: dict[str, str]
    next: str = ""
