"""Objects of the fake Stripe server: PaymentIntents and refunds, as far as the shop uses them."""

import re
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

Object = dict[str, Any]
_DECLINES = {
    "pm_card_chargeDeclined": "generic_decline",
    "pm_card_chargeDeclinedInsufficientFunds": "insufficient_funds",
}
_WORKING = {"pm_card_visa", "pm_card_mastercard"}


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
    """`is_indexed` False: search does not find new objects, as at Stripe for up to a minute."""

    intents: dict[str, Object] = field(default_factory=dict)
    refunds: dict[str, Object] = field(default_factory=dict)
    is_indexed: bool = True
    page_size: int = 100

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
            case ["POST", "v1", "refunds"]:
                return self.refund(form)
        raise Refused(404, type="invalid_request_error", message=f"Unrecognized request URL ({method}: {path}).")

    def create(self, form: dict[str, Any]) -> Object:
        method = form["payment_method"]
        if method not in _WORKING | _DECLINES.keys():
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
            "status": "succeeded",
            "failure_reason": None,
            "metadata": form.get("metadata", {}),
        }
        self.refunds[refund["id"]] = refund
        return dict(refund)

    def listed(self, form: dict[str, Any]) -> Object:
        """Newest first, in pages, as Stripe lists them."""
        since = int(form.get("created", {}).get("gte", 0))
        limit = min(int(form.get("limit", 10)), self.page_size)
        newest = [dict(i) for i in reversed(self.intents.values()) if i["created"] >= since]
        starts = [index for index, intent in enumerate(newest) if intent["id"] == form.get("starting_after")]
        rest = newest[starts[0] + 1 :] if starts else newest
        return {"object": "list", "url": "/v1/payment_intents", "data": rest[:limit], "has_more": len(rest) > limit}

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
