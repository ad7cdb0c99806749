"""Reads Stripe's PaymentIntents and refunds.

Sources: https://docs.stripe.com/payments/paymentintents/lifecycle, https://docs.stripe.com/refunds.
"""

from contextlib import suppress
from typing import Any, Final

from messaging.recording.storable import text
from orders.webhook_events import identifier
from payments.gateways.base import ChargeRecord, ChargeState, OutcomeUnknown, RefundRecord, RefundState, RequestRefused
from payments.gateways.stripe_amounts import from_stripe
from payments.gateways.stripe_client import decline_code, typed_errors
from payments.page_walk import EndlessList

#: Requests for one list. Each page has a hundred entries; only the last has fewer.
_MOST_PAGES: Final = 10
KEY, REPEAT = "conveyor_key", "conveyor_repeat"
#: An intent that needs a method was declined: the shop confirms each as it creates it. A status that Stripe has added
#: since counts as processing, which keeps the order and asks again.
_STATES: Final = {
    "requires_payment_method": ChargeState.DECLINED,
    "requires_confirmation": ChargeState.DECLINED,
    "requires_action": ChargeState.ACTION_REQUIRED,
    "processing": ChargeState.PROCESSING,
    "requires_capture": ChargeState.AUTHORISED,
    "succeeded": ChargeState.CAPTURED,
    "canceled": ChargeState.VOIDED,
}
#: Every other status, such as `pending` and `requires_action`, may still change.
_REFUND_STATES: Final = {
    "succeeded": RefundState.DONE,
    "failed": RefundState.FAILED,
    "canceled": RefundState.FAILED,
}
#: Where the shopper goes, by the kinds of actions that have a page of their own.
_PAGES: Final = ("url", "hosted_verification_url", "hosted_voucher_url", "hosted_instructions_url")


def about(answer: Any, *, reference: str = "", key: str = "") -> Any:
    """The answer, if it is about the object with this ID, or the intent of this payment; `ValueError` otherwise."""
    if (reference and answer.id != reference) or (key and answer.metadata[KEY] != key):
        raise ValueError(f"Stripe answered about {ascii(answer.id)[:100]} instead of {reference or key}.")
    return answer


def charge_record(intent: Any) -> ChargeRecord:
    """The intent has its latest charge expanded."""
    currency = intent.currency.upper()
    state = _STATES.get(intent.status, ChargeState.PROCESSING)
    refunded = intent.latest_charge.amount_refunded if intent.latest_charge else 0
    return ChargeRecord(
        reference=identifier(intent.id),
        amount=from_stripe(intent.amount, currency),
        captured=from_stripe(intent.amount_received or 0, currency),
        refunded=from_stripe(refunded, currency),
        currency=currency,
        state=state,
        action_url=_action_url(intent) if state is ChargeState.ACTION_REQUIRED else "",
        declined=_declined(intent) if state is ChargeState.DECLINED else "",
    )


def readable(intent: Any) -> ChargeRecord | None:
    """None for an intent that the shop cannot read or count, such as half a dinar that the dashboard refunded."""
    with suppress(OutcomeUnknown, RequestRefused), typed_errors():
        return charge_record(intent)
    return None


def refund_record(refund: Any, *, of: str) -> RefundRecord:
    """Raises `ValueError` for a refund of another intent than `of`."""
    if refund.payment_intent != of:
        raise ValueError(f"Stripe answered about a refund of {ascii(refund.payment_intent)[:100]} instead of {of}.")
    metadata = refund.metadata.to_dict() if refund.metadata else {}
    repeat = str(metadata.get(REPEAT, ""))
    return RefundRecord(
        reference=identifier(refund.id),
        amount=from_stripe(refund.amount, refund.currency.upper()),
        state=_REFUND_STATES.get(refund.status, RefundState.PENDING),
        key=str(metadata.get(KEY, "")),
        repeat=int(repeat) if repeat.isascii() and repeat.isdecimal() else 0,
        failure=text(getattr(refund, "failure_reason", None) or ""),
    )


def entries(page: Any, *, most: int) -> list[Any]:
    """All entries of a list from this page on, or the first of them if there are more than `most`.

    Raises `EndlessList`.
    """
    found: dict[str, Any] = {}
    for more in reversed(range(_MOST_PAGES)):
        before = len(found)
        found |= {identifier(entry.id): entry for entry in page.data}
        if not page.has_more or len(found) > most:
            return list(found.values())
        if len(found) == before or not more:
            break
        page = page.next_page()
    raise EndlessList


def _declined(intent: Any) -> str:
    return decline_code(intent.last_payment_error) if intent.last_payment_error else "not_confirmed"


def _action_url(intent: Any) -> str:
    """Empty for an action without a page, such as one that only Stripe.js can show."""
    action = getattr(intent, "next_action", None)
    details = getattr(action, str(getattr(action, "type", "")), None)
    return next((url for page in _PAGES if isinstance(url := getattr(details, page, None), str) and url), "")
