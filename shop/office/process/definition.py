"""The process of an order: which messages are which step, and what each step waits for.

A payload that is about an order but is not a step of it, because nothing waits for it, is in `BESIDE`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from messaging.models import Message
from messaging.payloads import Payload
from orders.models import Status
from orders.payloads import CancelUnpaid, SendEmail
from payments.payloads import CapturePayment, ChargePayment, CompareDispute, ComparePayment, RefundPayment, VoidPayment
from shipping.payloads import CancelParcel, CompareParcel, CreateShipment, TrackShipment

_PAID = frozenset({Status.PAID, Status.SHIPPED, Status.DELIVERED})


@dataclass(frozen=True)
class Step:
    """`after` names the step it waits for. An order in one of the statuses `proves` has passed it.

    `emails` are the kinds of e-mail, if it is one. `is_expected`: every order that is delivered has it; the others are
    shown where they have a message.
    """

    key: str
    label: Promise
    payload: type[Payload]
    after: str = ""
    emails: tuple[str, ...] = ()
    proves: frozenset[Status] = field(default=frozenset())
    is_expected: bool = False

    def has(self, message: Message) -> bool:
        """Whether the message is one of this step."""
        if message.task != self.payload.task:
            return False
        payload = message.payload if isinstance(message.payload, dict) else {}
        return not self.emails or payload.get("kind") in self.emails


CHARGE: Final = Step("charge", _("Authorise the payment"), ChargePayment, proves=_PAID, is_expected=True)
BOOK: Final = Step(
    "book", _("Book the parcel"), CreateShipment, after="charge", proves=_PAID - {Status.PAID}, is_expected=True
)
TRACK: Final = Step(
    "track", _("Track the parcel"), TrackShipment, after="book", proves=frozenset({Status.DELIVERED}), is_expected=True
)
#: The steps on which a delivery depends, in their order.
LINE: Final = (CHARGE, BOOK, TRACK)
STEPS: Final = (
    Step("email_placed", _("E-mail: order received"), SendEmail, emails=("placed",)),
    Step("cancel_unpaid", _("Cancel the order if it stays unpaid"), CancelUnpaid),
    CHARGE,
    Step("email_action", _("E-mail: payment to confirm"), SendEmail, after="charge", emails=("action_required",)),
    Step("email_processing", _("E-mail: payment processing"), SendEmail, after="charge", emails=("processing",)),
    Step("email_payment_failed", _("E-mail: payment failed"), SendEmail, after="charge", emails=("payment_failed",)),
    Step("email_paid", _("E-mail: order paid"), SendEmail, after="charge", emails=("paid",), is_expected=True),
    BOOK,
    Step("email_shipped", _("E-mail: parcel sent"), SendEmail, after="book", emails=("shipped",), is_expected=True),
    TRACK,
    Step("capture", _("Capture the payment"), CapturePayment, after="book"),
    Step("void", _("Release the payment"), VoidPayment, after="charge"),
    Step("cancel_parcel", _("Cancel the parcel"), CancelParcel, after="book"),
    Step("email_cancelled", _("E-mail: order cancelled"), SendEmail, emails=("cancelled",)),
    Step("refund", _("Refund the payment"), RefundPayment, after="charge"),
    Step("email_refunded", _("E-mail: refund"), SendEmail, after="refund", emails=("refunded", "partly_refunded")),
)
#: Comparisons with the records of gateway and carriers.
BESIDE: Final = (ComparePayment, CompareDispute, CompareParcel)


def ranks() -> Iterator[list[Step]]:
    """The steps by how many steps come before them."""
    depth: dict[str, int] = {}
    for step in STEPS:
        depth[step.key] = depth[step.after] + 1 if step.after else 0
    for rank in range(max(depth.values()) + 1):
        yield [step for step in STEPS if depth[step.key] == rank]
