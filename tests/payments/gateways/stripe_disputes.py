"""Disputes of the fake Stripe server."""

import secrets
import time
from dataclasses import dataclass, field
from typing import Any

Object = dict[str, Any]
#: Stripe refuses to refund a charge while its money is with the bank, and once it is lost.
_AT_STAKE = ("needs_response", "under_review", "lost")


@dataclass
class Disputes:
    """The vault's disputes, of its `intents`."""

    intents: dict[str, Object]
    rows: dict[str, Object] = field(default_factory=dict)

    def open(self, intent_id: str, *, amount: int | None = None, status: str = "needs_response") -> Object:
        intent = self.intents[intent_id]
        dispute: Object = {
            "id": f"dp_{secrets.token_hex(12)}",
            "object": "dispute",
            "amount": amount or intent["amount_received"],
            "currency": intent["currency"],
            "charge": intent["latest_charge"]["id"],
            "payment_intent": intent_id,
            "reason": "product_not_received",
            "status": status,
            "balance_transactions": [],
            "evidence_details": {"due_by": int(time.time()) + 7 * 86400},
            "created": int(time.time()),
        }
        self.rows[dispute["id"]] = dispute
        self.move(dispute["id"], status)
        return dispute

    def move(self, dispute_id: str, status: str) -> None:
        """Funds are withdrawn as a dispute opens, and reinstated if it is won."""
        dispute = self.rows[dispute_id]
        dispute["status"] = status
        withdrawn = {"object": "balance_transaction", "id": "txn_1", "amount": -dispute["amount"]}
        reinstated = {"object": "balance_transaction", "id": "txn_2", "amount": dispute["amount"]}
        if not status.startswith("warning_"):
            dispute["balance_transactions"] = [withdrawn, reinstated] if status == "won" else [withdrawn]

    def blocks_refunds(self, intent_id: str) -> bool:
        return any(d["payment_intent"] == intent_id and d["status"] in _AT_STAKE for d in self.rows.values())

    def call(self, ids: list[str], form: dict[str, Any]) -> Object | None:
        if not ids:
            since = int(form.get("created", {}).get("gte", 0))
            data = [self.expanded(d) for d in reversed(self.rows.values()) if d["created"] >= since]
            return {"object": "list", "url": "/v1/disputes", "data": data, "has_more": False}
        return self.expanded(self.rows[ids[0]]) if ids[0] in self.rows else None

    def expanded(self, dispute: Object) -> Object:
        return dispute | {"payment_intent": dict(self.intents[dispute["payment_intent"]])}
