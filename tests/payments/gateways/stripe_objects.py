"""Objects of the fake Stripe server: PaymentIntents and refunds, as far as the shop uses them."""

import re
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.payments.gateways.stand_in.intents import Intents
from tests.payments.gateways.stand_in.methods import METHODS, NUMBERS, Object, Refused, Tokens
from tests.payments.gateways.stripe_disputes import Disputes


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

    Refunds keep their first status until `settle` gives them another. `events` has each event that Stripe would send,
    as its type and object. `later` moves the clock on.
    """

    refunds: dict[str, Object] = field(default_factory=dict)
    events: list[tuple[str, Object]] = field(default_factory=list)
    endpoints: list[Object] = field(default_factory=list)
    tokens: Tokens = field(init=False)
    charges: Intents = field(init=False)
    disputes: Disputes = field(init=False)
    is_indexed: bool = True
    page_size: int = 100
    ahead: float = 0

    def __post_init__(self) -> None:
        self.tokens = Tokens(self.now)
        self.charges = Intents(self.now, self.announce, self.tokens)
        self.disputes = Disputes(self.intents)

    @property
    def intents(self) -> dict[str, Object]:
        return self.charges.rows

    def now(self) -> float:
        return time.time() + self.ahead

    def announce(self, kind: str, intent: Object) -> None:
        """An event does not expand the charge."""
        charge = intent["latest_charge"]
        self.events.append((kind, intent | {"latest_charge": charge and charge["id"]}))

    def later(self, *, days: float) -> None:
        self.ahead += days * 86_400
        self.charges.expire()

    def token(self, number: str) -> str:
        """A confirmation token of what a shopper entered: a test card's number, or an IBAN."""
        return str(self.tokens.create(NUMBERS[number])["id"])

    def add_endpoint(self, url: str, *, events: Iterable[str], status: str = "enabled") -> None:
        self.endpoints.append(
            {
                "id": f"we_{secrets.token_hex(12)}",
                "object": "webhook_endpoint",
                "url": url,
                "status": status,
                "enabled_events": list(events),
            }
        )

    def create(self, form: dict[str, Any]) -> Object:
        return self.charges.create(form)

    def call(self, method: str, path: str, form: dict[str, Any]) -> Object:
        match [method, *path.strip("/").split("/")]:
            case ["POST", "v1", "test_helpers", "confirmation_tokens"]:
                return self.tokens.create(METHODS[form["payment_method"]])
            case [_, "v1", "payment_intents", *rest] if found := self.call_intents(method, rest, form):
                return found
            case ["GET", "v1", "disputes", *ids] if found := self.disputes.call(ids, form):
                return found
            case ["GET", "v1", "webhook_endpoints"]:
                return self.page(self.endpoints, form, url=path)
            case [_, "v1", "refunds", *ids]:
                return self.call_refunds(method, ids, form)
        raise Refused(404, type="invalid_request_error", message=f"Unrecognized request URL ({method}: {path}).")

    def call_intents(self, method: str, rest: list[str], form: dict[str, Any]) -> Object | None:
        match [method, *rest]:
            case ["POST"]:
                return self.create(form)
            case ["GET", "search"]:
                return self.search(form["query"])
            case ["GET"]:
                return self.listed(form)
            case ["GET", id_] if id_ in self.intents:
                return dict(self.intents[id_])
            case ["POST", id_, "capture"] if id_ in self.intents:
                return self.charges.capture(id_, form)
            case ["POST", id_, "cancel"] if id_ in self.intents:
                return self.charges.cancel(id_)
        return None

    def call_refunds(self, method: str, ids: list[str], form: dict[str, Any]) -> Object:
        if method == "POST":
            return self.refund(form)
        if not ids:
            of_intent = [r for r in self.refunds.values() if r["payment_intent"] == form["payment_intent"]]
            return self.page(of_intent, form, url="/v1/refunds")
        if ids[0] in self.refunds:
            return dict(self.refunds[ids[0]])
        raise Refused(404, type="invalid_request_error", code="resource_missing", message=f"No such refund: {ids[0]}")

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
            "currency": intent["currency"],
            "payment_intent": intent["id"],
            "status": self.charges.methods[intent["id"]].refund,
            "metadata": form.get("metadata", {}),
        }
        self.refunds[refund["id"]] = refund
        self.events.append(("refund.created", dict(refund)))
        return dict(refund)

    def settle(self, refund_id: str, status: str) -> None:
        """Stripe takes a failed refund back out of the charge's refunded amount."""
        refund = self.refunds[refund_id]
        refund |= {"status": status} | ({"failure_reason": "lost_or_stolen_card"} if status == "failed" else {})
        charge = self.intents[refund["payment_intent"]]["latest_charge"]
        made = [r for r in self.refunds.values() if r["payment_intent"] == refund["payment_intent"]]
        charge["amount_refunded"] = sum(r["amount"] for r in made if r["status"] not in ("failed", "canceled"))
        self.events.append(("refund.failed" if status == "failed" else "refund.updated", dict(refund)))

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
