"""The `Gateway` protocol that every payment gateway implements, with its errors and results."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from messaging.hooks.next_steps import OPEN_GROUP, OPEN_SUBJECT, RETRY, next_step
from payments import record_values
from payments.gateways.dispute_records import DisputePage, DisputeRecord

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise

#: Refunds of one charge that the shop looks at.
MOST_REFUNDS = 300


@next_step(
    gettext_lazy("The bank declined the card where money was already reserved."),
    gettext_lazy("Ask the bank why. The shopper can pay the order again with another method."),
    action=OPEN_SUBJECT,
)
class CardDeclined(Exception):
    """The bank declined the card; retrying with it would not help. `code` is the reason, such as `card_declined`.

    It is the only argument, because a dry run and Celery recreate an error from its arguments.
    """

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)

    def __str__(self) -> str:
        return f"The bank declined the payment: {self.code}."


@next_step(
    gettext_lazy("The payment gateway did not answer; if it took money all the same, a retry finds that."),
    gettext_lazy("Retry it once the gateway answers. While its circuit is open, the message waits for it."),
    action=RETRY,
)
class GatewayUnavailable(Exception):
    """The gateway did not process the request. Retry with the same idempotency key.

    `concerns_all`: other requests would fail, too. False if the problem is specific to this request.
    """

    def __init__(self, message: str = "", *, concerns_all: bool = True) -> None:
        self.concerns_all = concerns_all
        super().__init__(message)


class OutcomeUnknown(GatewayUnavailable):
    """The request may have taken effect, but its response was lost. Call `fetch` before retrying."""


@next_step(
    gettext_lazy("The gateway refuses the shop's API key; nothing was done."),
    gettext_lazy("Set a valid STRIPE_SECRET_KEY, restart the workers, then retry the group."),
    action=OPEN_GROUP,
)
class KeyRefused(GatewayUnavailable):
    """The gateway refuses the shop's API key, so nothing took effect, and no other request would."""


@next_step(
    gettext_lazy("The gateway refuses the request for good; the error says why. Nothing was done."),
    gettext_lazy("Compare the order with the gateway's dashboard. Discard the message if the money is right there."),
    action=OPEN_SUBJECT,
)
class RequestRefused(Exception):
    """The gateway permanently refuses the request, such as refunding more than is left. Needs an operator."""


@next_step(
    gettext_lazy("This release does not accept the order's payment method; nothing was charged."),
    gettext_lazy("Configure a gateway that accepts it, then retry the group."),
    action=OPEN_GROUP,
)
class UnknownPaymentMethod(ValueError):
    """A payment method that the shop does not accept."""

    def __init__(self, method: str) -> None:
        self.method = method
        super().__init__(_("Unknown payment method: %(method)s.") % {"method": method[:60]})


class AmountRefused(Exception):
    """An amount that the gateway does not charge. The text is for the shopper."""


class ChargeState(Enum):
    """How far a charge is at the gateway. A declined or voided one takes no money; `voided` includes expired."""

    ACTION_REQUIRED = "action_required"
    PROCESSING = "processing"
    AUTHORISED = "authorised"
    CAPTURED = "captured"
    DECLINED = "declined"
    VOIDED = "voided"

    @property
    def is_reserved(self) -> bool:
        """Whether the gateway reserves money, or will once the shopper or the bank agrees."""
        return self in (ChargeState.ACTION_REQUIRED, ChargeState.PROCESSING, ChargeState.AUTHORISED)


@dataclass(frozen=True, slots=True)
class Charge:
    """The gateway's answer about a charge that was not declined.

    `reference` is the gateway's ID; `amount` is in minor units: what was captured, or is to be. `action_url` is where
    the shopper confirms a charge in the state `ACTION_REQUIRED`: an https URL, or a path of the shop.
    """

    reference: str
    amount: int
    currency: str
    state: ChargeState
    action_url: str = ""

    def __post_init__(self) -> None:
        record_values.check(self.reference, self.currency, self.amount)


class RefundState(Enum):
    """How far a refund is at the gateway. One that is done may still fail: the bank returns the money."""

    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class RefundRecord:
    """The gateway's own record of a refund. `amount` is in minor units.

    `key` and `repeat` are what the shop requested it under; `key` is empty for a refund that somebody else requested.
    `failure` is the gateway's reason for a failed one, such as `lost_or_stolen_card`.
    """

    reference: str
    amount: int
    state: RefundState
    key: str = ""
    repeat: int = 0
    failure: str = ""

    def __post_init__(self) -> None:
        record_values.check(self.reference, None, self.amount)

    @property
    def has_failed(self) -> bool:
        return self.state is RefundState.FAILED


def latest_try(records: Iterable[RefundRecord], *, key: str) -> RefundRecord | None:
    """Of the refunds requested under `key`, the one that has not failed; otherwise the last one; None without any."""
    return max((r for r in records if r.key == key), key=lambda r: (not r.has_failed, r.repeat), default=None)


@dataclass(frozen=True, slots=True)
class ChargeRecord:
    """The gateway's own record of a charge, in minor units.

    `amount` is what the shop asked for. `captured` is 0 unless the state is `CAPTURED`; `declined` is the code of a
    decline. `refunded` includes pending refunds, and no failed ones.
    """

    reference: str
    amount: int
    captured: int
    refunded: int
    currency: str
    state: ChargeState
    action_url: str = ""
    declined: str = ""

    def __post_init__(self) -> None:
        record_values.check(self.reference, self.currency, self.amount, self.captured, self.refunded)

    @property
    def charge(self) -> Charge | None:
        """The charge as `authorise` or `capture` would answer; None if it takes no money: declined or voided."""
        if self.state in (ChargeState.DECLINED, ChargeState.VOIDED):
            return None
        amount = self.captured if self.state is ChargeState.CAPTURED else self.amount
        return Charge(self.reference, amount, self.currency, self.state, self.action_url)


@dataclass(frozen=True, slots=True)
class RecordPage:
    """Records of charges by idempotency key, and where the next page begins; empty: this is the last page.

    None: the shop cannot read or count the record. `fetch` of that charge raises an error that says so.
    """

    records: dict[str, ChargeRecord | None]
    next: str = ""


@dataclass(frozen=True, slots=True)
class OfferedMethod:
    """A payment method that customers can choose. `is_scripted` marks the scripted outcomes of the demo.

    A lazily translated `label` costs nothing where only IDs are looked at.
    """

    id: str
    label: "str | StrPromise"
    is_scripted: bool = False


@dataclass(frozen=True, slots=True)
class WebhookEvent:
    """An event that a gateway has sent to its webhook.

    `key` is the charge's idempotency key, None if the event does not contain it; `reference` is the gateway's ID of the
    charge, and `dispute` that of the dispute which the event is about, if any.
    """

    id: str
    kind: str
    key: UUID | None
    reference: str
    dispute: str = ""


class Gateway(Protocol):
    """The same idempotency key never charges or refunds twice: it returns the first result again, as it is now.

    Amounts are in minor units of the currency. All but `methods` raise `GatewayUnavailable` and `OutcomeUnknown`.
    """

    def authorise(self, *, idempotency_key: str, amount: int, currency: str, method: str, return_url: str) -> Charge:
        """Reserve `amount`, to be captured later. Raises `CardDeclined`.

        `ACTION_REQUIRED`: the shopper must confirm at `action_url`, and is sent back to `return_url`. `PROCESSING`: the
        bank settles it within days, and it is `CAPTURED` then; some methods do not reserve first.
        """
        ...

    def capture(self, *, idempotency_key: str, reference: str, amount: int) -> Charge:
        """Capture `amount` of an authorisation and release the rest. One that is captured already is answered alike.

        Raises `RequestRefused`, for example if the authorisation has expired.
        """
        ...

    def void(self, *, reference: str) -> ChargeRecord:
        """Release what is reserved, or no longer wait for it. The charge as it is then, which nothing refuses.

        `CAPTURED`: it was captured before. `PROCESSING`: the bank does not stop it any more; ask again later.
        """
        ...

    def refund(self, *, idempotency_key: str, charge_reference: str, amount: int, repeat: int = 0) -> RefundRecord:
        """Refund `amount` of a charge, in full or in part. Raises `RequestRefused` beyond what was captured.

        `repeat` counts the repetitions of a refund that failed: each is another request under the same key. Gateways
        forget keys after a day, so call `find_refund` before any further try.
        """
        ...

    def find_refund(self, *, idempotency_key: str, charge_reference: str, reference: str = "") -> RefundRecord | None:
        """The refund with this `reference`, or the `latest_try` under this key; None if the gateway has none."""
        ...

    def refunds(self, *, charge_reference: str) -> tuple[RefundRecord, ...]:
        """All refunds of a charge, whoever requested them. Raises `RequestRefused` beyond `MOST_REFUNDS`."""
        ...

    def fetch(self, *, idempotency_key: str, reference: str = "") -> ChargeRecord | None:
        """The record of the charge under this key; None if the gateway has none.

        Lookups by `reference` are immediate; a new key alone may be found with some delay.
        """
        ...

    def records(self, *, since: datetime, page: str = "") -> RecordPage:
        """One page of the records of all charges since then; the first, or the one that `next` named before."""
        ...

    def fetch_dispute(self, *, reference: str) -> DisputeRecord | None:
        """The record of a dispute, by the gateway's ID; None if the gateway has none."""
        ...

    def disputes(self, *, since: datetime, page: str = "") -> DisputePage:
        """One page of all disputes opened since then; the first, or the one that `next` named before."""
        ...

    def methods(self) -> tuple[OfferedMethod, ...]:
        """The methods that `authorise` accepts."""
        ...
