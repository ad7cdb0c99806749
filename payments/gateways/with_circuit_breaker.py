"""Wraps a gateway in a circuit breaker, so that an outage costs no attempts."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from messaging.circuit_breaker import Verdict, guard
from messaging.recording import outside
from payments.gateways.base import (
    CardDeclined,
    Charge,
    ChargeRecord,
    Gateway,
    GatewayUnavailable,
    KeyRefused,
    OfferedMethod,
    OutcomeUnknown,
    RecordPage,
    RefundRecord,
    RequestRefused,
)
from payments.gateways.dispute_records import DisputePage, DisputeRecord

Answer = TypeVar("Answer")
_ERRORS = (CardDeclined, GatewayUnavailable, KeyRefused, OutcomeUnknown, RequestRefused)


def judge(error: Exception) -> Verdict | None:
    """A declined card proves that the gateway is up; a failure of one request proves nothing."""
    if isinstance(error, KeyRefused):
        return Verdict.CLOSED_TO_US
    if isinstance(error, CardDeclined | RequestRefused):
        return Verdict.UP
    if isinstance(error, GatewayUnavailable) and error.concerns_all:
        return Verdict.DOWN
    return None


@dataclass(frozen=True, slots=True)
class CircuitBreakerGateway:
    """`gateway` behind the circuit `circuit`. Calls also raise `CircuitOpen`, without a request being made."""

    circuit: str
    gateway: Gateway

    def authorise(self, *, idempotency_key: str, amount: int, currency: str, method: str, return_url: str) -> Charge:
        return self._call(
            self.gateway.authorise,
            idempotency_key=idempotency_key,
            amount=amount,
            currency=currency,
            method=method,
            return_url=return_url,
        )

    def capture(self, *, idempotency_key: str, reference: str, amount: int) -> Charge:
        return self._call(self.gateway.capture, idempotency_key=idempotency_key, reference=reference, amount=amount)

    def void(self, *, reference: str) -> ChargeRecord:
        return self._call(self.gateway.void, reference=reference)

    def refund(self, *, idempotency_key: str, charge_reference: str, amount: int, repeat: int = 0) -> RefundRecord:
        return self._call(
            self.gateway.refund,
            idempotency_key=idempotency_key,
            charge_reference=charge_reference,
            amount=amount,
            repeat=repeat,
        )

    def find_refund(self, *, idempotency_key: str, charge_reference: str, reference: str = "") -> RefundRecord | None:
        return self._call(
            self.gateway.find_refund,
            idempotency_key=idempotency_key,
            charge_reference=charge_reference,
            reference=reference,
        )

    def refunds(self, *, charge_reference: str) -> tuple[RefundRecord, ...]:
        return self._call(self.gateway.refunds, charge_reference=charge_reference)

    def fetch(self, *, idempotency_key: str, reference: str = "") -> ChargeRecord | None:
        return self._call(self.gateway.fetch, idempotency_key=idempotency_key, reference=reference)

    def records(self, *, since: datetime, page: str = "") -> RecordPage:
        return self._call(self.gateway.records, since=since, page=page)

    def fetch_dispute(self, *, reference: str) -> DisputeRecord | None:
        return self._call(self.gateway.fetch_dispute, reference=reference)

    def disputes(self, *, since: datetime, page: str = "") -> DisputePage:
        return self._call(self.gateway.disputes, since=since, page=page)

    def methods(self) -> tuple[OfferedMethod, ...]:
        """Needs no request, so no circuit breaker."""
        return self.gateway.methods()

    def _call(self, method: Callable[..., Answer], /, **arguments: Any) -> Answer:
        """A payment method stands for a card, and the order page's URL is a secret: the ledger must store neither."""
        return outside.call(
            method,
            arguments,
            system=self.circuit,
            guard=guard(self.circuit, judge=judge),
            errors=_ERRORS,
            private=("method", "return_url"),
        )
