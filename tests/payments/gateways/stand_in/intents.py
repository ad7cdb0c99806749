"""PaymentIntents of the fake Stripe server, from their confirmation to their capture or cancellation.

Source: https://docs.stripe.com/payments/paymentintents/lifecycle.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.payments.gateways.stand_in.methods import Method, Object, Refused, Tokens, method_of

AUTHORISATION_SECONDS = 7 * 86_400
_CANCELLABLE = ("requires_payment_method", "requires_confirmation", "requires_action", "requires_capture")


@dataclass
class Intents:
    """`announce` is called with the type of each event and its object. `base` is the server's address."""

    now: Callable[[], float]
    announce: Callable[[str, Object], object]
    tokens: Tokens
    base: str = ""
    rows: dict[str, Object] = field(default_factory=dict)
    methods: dict[str, Method] = field(default_factory=dict)
    use_sdk: dict[str, bool] = field(default_factory=dict)

    def create(self, form: dict[str, Any]) -> Object:
        id_ = f"pi_{secrets.token_hex(12)}"
        if form.get("automatic_payment_methods", {}).get("enabled") == "true" and not form.get("return_url"):
            raise Refused(400, type="invalid_request_error", message="A return_url must be specified.")
        method = method_of(form, self.tokens, intent_id=id_)
        own = form.get("payment_method_options", {}).get(method.type, {})
        intent: Object = {
            "id": id_,
            "object": "payment_intent",
            "amount": int(form["amount"]),
            "amount_received": 0,
            "capture_method": own.get("capture_method") or form.get("capture_method", "automatic_async"),
            "client_secret": f"{id_}_secret_{secrets.token_hex(6)}",
            "created": int(self.now()),
            "currency": form["currency"],
            "cancellation_reason": None,
            "last_payment_error": None,
            "latest_charge": None,
            "metadata": form.get("metadata", {}),
            "next_action": None,
            "payment_method": form.get("payment_method") or f"pm_{secrets.token_hex(12)}",
            "status": "requires_confirmation",
        }
        self.rows[id_], self.methods[id_] = intent, method
        self.use_sdk[id_] = form.get("use_stripe_sdk", "true" if form.get("confirmation_token") else "false") == "true"
        self._confirm(intent, method, return_url=form.get("return_url", ""))
        return dict(intent)

    def _confirm(self, intent: Object, method: Method, *, return_url: str) -> None:
        if method.decline:
            error = {
                "type": "card_error",
                "code": "card_declined",
                "decline_code": method.decline,
                "message": "Your card was declined.",
            }
            self._fail(intent, error)
            raise Refused(402, **error, payment_intent=dict(intent))
        if method.challenge:
            url = {"url": f"{self.base}/challenge/{intent['id']}", "return_url": return_url}
            by_sdk = self.use_sdk[intent["id"]]
            action = {"type": "use_stripe_sdk"} if by_sdk else {"type": "redirect_to_url", "redirect_to_url": url}
            self._move(intent, "requires_action", "payment_intent.requires_action", next_action=action)
        elif method.type != "card":
            self._move(intent, "processing", "payment_intent.processing")
        else:
            self._authorised(intent)

    def _authorised(self, intent: Object) -> None:
        if intent["capture_method"] == "manual":
            intent["latest_charge"] = self._charge(intent, is_captured=False)
            self._move(intent, "requires_capture", "payment_intent.amount_capturable_updated", next_action=None)
        else:
            self._succeed(intent, intent["amount"])

    def _succeed(self, intent: Object, amount: int) -> None:
        charge = intent["latest_charge"] or self._charge(intent, is_captured=True)
        charge["captured"] = True
        self._move(
            intent, "succeeded", "payment_intent.succeeded",
            amount_received=amount, latest_charge=charge, next_action=None,
        )  # fmt: skip

    def _charge(self, intent: Object, *, is_captured: bool) -> Object:
        return {
            "id": f"ch_{secrets.token_hex(12)}",
            "object": "charge",
            "amount": intent["amount"],
            "amount_refunded": 0,
            "captured": is_captured,
        }

    def approve(self, id_: str) -> None:
        """The shopper confirms at the bank. Later answers change nothing."""
        if self.rows[id_]["status"] == "requires_action":
            self._authorised(self.rows[id_])

    def decline(self, id_: str) -> None:
        """The shopper fails the bank's challenge."""
        if self.rows[id_]["status"] == "requires_action":
            error = {"type": "invalid_request_error", "code": "payment_intent_authentication_failure", "message": "…"}
            self._fail(self.rows[id_], error)

    def settle(self, id_: str, *, succeeds: bool = True) -> None:
        """The bank decides about a debit that it was processing."""
        intent = self.rows[id_]
        assert intent["status"] == "processing", intent["status"]
        if succeeds:
            self._succeed(intent, intent["amount"])
        else:
            self._fail(intent, {"type": "card_error", "code": "insufficient_funds", "message": "…"})

    def expire(self) -> None:
        """Stripe releases what was not captured in time."""
        for intent in self.rows.values():
            if intent["status"] == "requires_capture" and intent["created"] + AUTHORISATION_SECONDS <= self.now():
                self._move(intent, "canceled", "payment_intent.canceled", cancellation_reason="automatic")

    def capture(self, id_: str, form: dict[str, Any]) -> Object:
        intent = self.rows[id_]
        amount = int(form.get("amount_to_capture") or intent["amount"])
        if intent["status"] != "requires_capture":
            raise self._unexpected(intent, "captured")
        if amount > intent["amount"]:
            raise Refused(400, type="invalid_request_error", code="amount_too_large", message="Amount is too large.")
        self._succeed(intent, amount)
        return dict(intent)

    def cancel(self, id_: str) -> Object:
        intent = self.rows[id_]
        if intent["status"] not in _CANCELLABLE:
            raise self._unexpected(intent, "canceled")
        self._move(intent, "canceled", "payment_intent.canceled", next_action=None)
        return dict(intent)

    def _fail(self, intent: Object, error: Object) -> None:
        self._move(
            intent, "requires_payment_method", "payment_intent.payment_failed",
            last_payment_error=error, next_action=None,
        )  # fmt: skip

    def _move(self, intent: Object, status: str, event: str, **changed: Any) -> None:
        intent |= {"status": status, **changed}
        self.announce(event, dict(intent))

    def _unexpected(self, intent: Object, what: str) -> Refused:
        return Refused(
            400, type="invalid_request_error", code="payment_intent_unexpected_state",
            message=f"This PaymentIntent could not be {what} because it has a status of {intent['status']}.",
        )  # fmt: skip
