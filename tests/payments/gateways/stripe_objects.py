"""Objects of the fake Stripe server: PaymentIntents and refunds, as far as the shop uses them."""

import re
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.payments.gateways.stripe_disputes import Disputes

Object = dict[str, Any]
_DECLINES = {
    "pm_card_chargeDeclined": "generic_decline",
    "pm_card_chargeDeclinedInsufficientFunds": "insufficient_funds",
}
#: The status of a new refund by the card. Stripe settles some later: https://docs.stripe.com/testing#refunds.
_REFUND_STATUS = {
    "pm_card_visa": "succeeded",
    "pm_card_mastercard": "succeeded",
    "pm_card_pendingRefund": "pending",
    "pm_card_refundFail": "succeeded",
}


class Refused(Exception):
    def __init__(self, status: int, **body: Any) -> None:
        self.status, self.body = status, body
        super().__init__(body.get("message", ""))


def parse(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """`metadata[a]=b` as `{"metadata": {"a": "b"}}`; a list as a mapping by index."""
    form: dict[str, Any] = {}
    for name, value in pairs:
        *path, last = re.findall(r"[^\[\]]+", name)
        place = form
        for step in path:
            place = place.setdefault(step, {})
        place[last] = value
    return form


@dataclass
class Vault:
    """`is_indexed` False: search does not find new objects, as at Stripe for up to a minute.

    Refunds keep their first status until `settle` gives them another.
    """

    intents: dict[str, Object] = field(default_factory=dict)
    refunds: dict[str, Object] = field(default_factory=dict)
    disputes: Disputes = field(init=False)
    is_indexed: bool = True
    page_size: int = 100

    def __post_init__(self) -> None:
        self.disputes = Disputes(self.intents)

    def call(self, method: str, path: str, form: dict[str, Any]) -> Object:
        match [method, *path.strip("/").split("/")]:
            case ["POST", "v1", "payment_intents"]:
                return self.create(form)
            case ["GET", "v1", "payment_intents", "search"]:
                return self.search(form["query"])
            case ["GET", "v1", "payment_intents"]:
                return self.listed(form)
            case ["GET", "v1", "payment_intents", id_] if id_ in self.intents:
                return dict(self.intents[id_])
            case ["POST", "v1", "payment_intents", id_, "capture"]:
                return self.capture(id_, form)
            case ["GET", "v1", "disputes", *ids] if found := self.disputes.call(ids, form):
                return found
            case [_, "v1", "refunds", *ids]:
                return self.call_refunds(method, ids, form)
        raise Refused(404, type="invalid_request_error", message=f"Unrecognized request URL ({method}: {path}).")

    def call_refunds(self, method: str, ids: list[str], form: dict[str, Any]) -> Object:
        if method == "POST":
            return self.refund(form)
        if not ids:
            of_intent = [r for r in self.refunds.values() if r["payment_intent"] == form["payment_intent"]]
            return self.page(of_intent, form, url="/v1/refunds")
        if ids[0] in self.refunds:
            return dict(self.refunds[ids[0]])
        raise Refused(404, type="invalid_request_error", code="resource_missing", message=f"No such refund: {ids[0]}")

    def create(self, form: dict[str, Any]) -> Object:
        method = form["payment_method"]
        if method not in _REFUND_STATUS.keys() | _DECLINES.keys():
            raise Refused(
                400, type="invalid_request_error", code="resource_missing", message=f"No such PaymentMethod: '{method}'"
            )
        intent: Object = {
            "id": f"pi_{secrets.token_hex(12)}",
            "object": "payment_intent",
            "amount": int(form["amount"]),
            "amount_received": 0,
            "currency": form["currency"],
            "created": int(time.time()),
            "status": "requires_payment_method",
            "payment_method": method,
            "metadata": form.get("metadata", {}),
            "last_payment_error": None,
            "latest_charge": None,
        }
        self.intents[intent["id"]] = intent
        if method in _DECLINES:
            self.decline(intent, _DECLINES[method])
        intent["latest_charge"] = {"id": f"ch_{secrets.token_hex(12)}", "object": "charge", "amount_refunded": 0}
        if form.get("capture_method") == "manual":
            intent["status"] = "requires_capture"
        else:
            intent |= {"status": "succeeded", "amount_received": intent["amount"]}
        return dict(intent)

    def decline(self, intent: Object, reason: str) -> None:
        error = {
            "type": "card_error",
            "code": "card_declined",
            "decline_code": reason,
            "message": "Your card was declined.",
        }
        intent["last_payment_error"] = error
        raise Refused(402, **error, payment_intent=dict(intent))

    def capture(self, id_: str, form: dict[str, Any]) -> Object:
        intent = self.intents[id_]
        amount = int(form.get("amount_to_capture") or intent["amount"])
        if intent["status"] != "requires_capture" or amount > intent["amount"]:
            raise Refused(400, type="invalid_request_error", message="This PaymentIntent could not be captured.")
        intent |= {"status": "succeeded", "amount_received": amount}
        return dict(intent)

    def refund(self, form: dict[str, Any]) -> Object:
        intent, amount = self.intents[form["payment_intent"]], int(form["amount"])
        charge = intent["latest_charge"]
        if self.disputes.blocks_refunds(intent["id"]):
            raise Refused(
                400, type="invalid_request_error", code="charge_disputed", message="Charge has been charged back"
            )
        if charge is None or charge["amount_refunded"] + amount > intent["amount_received"]:
            raise Refused(
                400, type="invalid_request_error", message="Refund amount is greater than unrefunded amount on charge"
            )
        charge["amount_refunded"] += amount
        refund: Object = {
            "id": f"re_{secrets.token_hex(12)}",
            "object": "refund",
            "amount": amount,
            "payment_intent": intent["id"],
            "status": _REFUND_STATUS[intent["payment_method"]],
            "metadata": form.get("metadata", {}),
        }
        self.refunds[refund["id"]] = refund
        return dict(refund)

    def settle(self, refund_id: str, status: str) -> None:
        """Stripe takes a failed refund back out of the charge's refunded amount."""
        refund = self.refunds[refund_id]
        refund |= {"status": status} | ({"failure_reason": "lost_or_stolen_card"} if status == "failed" else {})
        charge = self.intents[refund["payment_intent"]]["latest_charge"]
        made = [r for r in self.refunds.values() if r["payment_intent"] == refund["payment_intent"]]
        charge["amount_refunded"] = sum(r["amount"] for r in made if r["status"] not in ("failed", "canceled"))

    def listed(self, form: dict[str, Any]) -> Object:
        since = int(form.get("created", {}).get("gte", 0))
        return self.page([i for i in self.intents.values() if i["created"] >= since], form, url="/v1/payment_intents")

    def page(self, objects: list[Object], form: dict[str, Any], *, url: str) -> Object:
        """Newest first, in pages, as Stripe lists them."""
        limit = min(int(form.get("limit", 10)), self.page_size)
        newest = [dict(found) for found in reversed(objects)]
        starts = [index for index, found in enumerate(newest) if found["id"] == form.get("starting_after")]
        rest = newest[starts[0] + 1 :] if starts else newest
        return {"object": "list", "url": url, "data": rest[:limit], "has_more": len(rest) > limit}

    def search(self, query: str) -> Object:
        parsed = re.fullmatch(r'metadata\["(?P<name>[^"]+)"\]:"(?P<value>[^"]+)"', query)
        if parsed is None:
            raise Refused(400, type="invalid_request_error", message="We were unable to parse your search query.")
        found = [i for i in self.intents.values() if i["metadata"].get(parsed["name"]) == parsed["value"]]
        return {
            "object": "search_result",
            "url": "/v1/payment_intents/search",
            "has_more": False,
            "data": [dict(intent) for intent in found] if self.is_indexed else [],
        }
