"""Payment methods and confirmation tokens of the fake Stripe server.

Sources: https://docs.stripe.com/testing, https://docs.stripe.com/api/confirmation_tokens.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Object = dict[str, Any]
TOKEN_SECONDS = 12 * 3600


class Refused(Exception):
    """An error response of Stripe: its status, and the fields of its `error`."""

    def __init__(self, status: int, **body: Any) -> None:
        self.status, self.body = status, body
        super().__init__(body.get("message", ""))


@dataclass(frozen=True)
class Method:
    """`challenge`: the bank asks the shopper. `refund` is the status of a new refund; `decline` a decline code."""

    type: str = "card"
    decline: str = ""
    challenge: bool = False
    refund: str = "succeeded"


METHODS = {
    "pm_card_visa": Method(),
    "pm_card_mastercard": Method(),
    "pm_card_chargeDeclined": Method(decline="generic_decline"),
    "pm_card_chargeDeclinedInsufficientFunds": Method(decline="insufficient_funds"),
    "pm_card_threeDSecure2Required": Method(challenge=True),
    "pm_card_pendingRefund": Method(refund="pending"),
    "pm_card_refundFail": Method(),
}
SEPA = Method(type="sepa_debit")
#: What a shopper enters in the Payment Element: Stripe's test numbers.
NUMBERS = {
    "4242424242424242": METHODS["pm_card_visa"],
    "4000000000009995": METHODS["pm_card_chargeDeclinedInsufficientFunds"],
    "4000000000003220": METHODS["pm_card_threeDSecure2Required"],
    "DE89370400440532013000": SEPA,
}


@dataclass
class Tokens:
    """Confirmation tokens: each confirms one PaymentIntent, within twelve hours."""

    now: Callable[[], float]
    rows: dict[str, Object] = field(default_factory=dict)
    methods: dict[str, Method] = field(default_factory=dict)

    def create(self, method: Method) -> Object:
        created = int(self.now())
        token: Object = {
            "id": f"ctoken_{secrets.token_hex(12)}",
            "object": "confirmation_token",
            "created": created,
            "expires_at": created + TOKEN_SECONDS,
            "livemode": False,
            "payment_intent": None,
            "payment_method_preview": {"type": method.type},
            "return_url": None,
            "use_stripe_sdk": True,
        }
        self.rows[token["id"]], self.methods[token["id"]] = token, method
        return dict(token)

    def use(self, token_id: str, *, intent_id: str) -> Method:
        token = self.rows.get(token_id)
        if token is None or token["payment_intent"] or token["expires_at"] <= self.now():
            raise Refused(
                400, type="invalid_request_error", code="resource_missing", param="confirmation_token",
                message=f"No such confirmation token: '{token_id}', or it has been used or has expired.",
            )  # fmt: skip
        token["payment_intent"] = intent_id
        return self.methods[token_id]


def method_of(form: dict[str, Any], tokens: Tokens, *, intent_id: str) -> Method:
    if token := form.get("confirmation_token"):
        return tokens.use(token, intent_id=intent_id)
    name = form["payment_method"]
    if name not in METHODS:
        raise Refused(
            400, type="invalid_request_error", code="resource_missing", message=f"No such PaymentMethod: '{name}'"
        )
    return METHODS[name]
