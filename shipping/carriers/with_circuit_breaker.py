"""Wraps a carrier in a circuit breaker, so that an outage costs no attempts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from messaging.circuit_breaker import Verdict, guard
from messaging.recording import outside
from shipping.carriers.base import (
    AddressRejected,
    Booking,
    Carrier,
    CarrierEvent,
    CarrierUnavailable,
    Consignment,
    Quote,
    TakesReturns,
    Tracking,
    UnknownParcel,
    circuit_of,
)

Answer = TypeVar("Answer")
_ERRORS = (AddressRejected, CarrierUnavailable, UnknownParcel)


def judge(error: Exception) -> Verdict | None:
    """A rejected address proves that the carrier is up; a failure of one request proves nothing."""
    if isinstance(error, AddressRejected | UnknownParcel):
        return Verdict.UP
    if isinstance(error, CarrierUnavailable) and error.concerns_all:
        return Verdict.DOWN
    return None


@dataclass(frozen=True, slots=True)
class CircuitBreakerCarrier:
    """`carrier` behind its own circuit. Calls also raise `CircuitOpen`, without a request being made."""

    carrier: Carrier

    @property
    def name(self) -> str:
        return self.carrier.name

    @property
    def circuit(self) -> str:
        return circuit_of(self.name)

    def quote(self, *, consignment: Consignment) -> Quote | None:
        return self.carrier.quote(consignment=consignment)

    def book(self, *, idempotency_key: str, consignment: Consignment) -> Booking:
        return self._call(self.carrier.book, idempotency_key=idempotency_key, consignment=consignment)

    @property
    def takes_returns(self) -> bool:
        return isinstance(self.carrier, TakesReturns)

    def book_return(self, *, idempotency_key: str, consignment: Consignment) -> Booking:
        """Raises `AddressRejected` if the carrier takes no returns at all."""
        if not isinstance(self.carrier, TakesReturns):
            raise AddressRejected("no_returns")
        return self._call(self.carrier.book_return, idempotency_key=idempotency_key, consignment=consignment)

    def fetch(self, *, idempotency_key: str) -> Booking | None:
        return self._call(self.carrier.fetch, idempotency_key=idempotency_key)

    def track(self, *, tracking_number: str) -> Tracking:
        return self._call(self.carrier.track, tracking_number=tracking_number)

    def cancel(self, *, tracking_number: str) -> None:
        self._call(self.carrier.cancel, tracking_number=tracking_number)

    def tracking_url(self, *, tracking_number: str) -> str:
        return self.carrier.tracking_url(tracking_number=tracking_number)

    def read_webhook(self, *, body: bytes, headers: Mapping[str, str], secret: str) -> CarrierEvent:
        return self.carrier.read_webhook(body=body, headers=headers, secret=secret)

    def _call(self, method: Callable[..., Answer], /, **arguments: Any) -> Answer:
        """A consignment has the recipient's address, which the ledger must not store."""
        return outside.call(
            method,
            arguments,
            system=self.circuit,
            guard=guard(self.circuit, judge=judge),
            errors=_ERRORS,
            private=("consignment",),
        )
