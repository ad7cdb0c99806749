"""Circuit breakers as operators see them."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from messaging import circuit_breaker
from messaging.models import Circuit
from messaging.operations.privacy.masking import mask_text


@dataclass(frozen=True, slots=True)
class CircuitRow:
    """`since` is when the circuit last opened or closed; personal data in `last_error` is masked."""

    name: str
    label: str | Promise
    is_open: bool
    since: datetime | None
    waiting: int
    probe_at: datetime | None
    is_probing: bool
    last_error: str

    @property
    def state(self) -> str:
        """`closed`, `open`, or `half_open` while a probe is in flight."""
        if not self.is_open:
            return "closed"
        return "half_open" if self.is_probing else "open"

    @property
    def state_label(self) -> str | Promise:
        return {"closed": _("closed"), "open": _("open"), "half_open": _("half-open, probing")}[self.state]


def circuit_rows() -> list[CircuitRow]:
    """Every circuit that is registered or ever failed, in two statements and one per circuit that failed."""
    waiting = circuit_breaker.deferred_by_circuit()
    kept, labels = {circuit.name: circuit for circuit in Circuit.objects.all()}, circuit_breaker.labels()
    return [
        _row(kept.get(name) or Circuit(name=name), labels.get(name, name), waiting.get(name, 0))
        for name in sorted(labels.keys() | kept.keys())
    ]


def _row(circuit: Circuit, label: str | Promise, waiting: int) -> CircuitRow:
    return CircuitRow(
        name=circuit.name,
        label=label,
        is_open=circuit.is_open,
        since=circuit.opened_at or circuit.closed_at,
        waiting=waiting,
        probe_at=circuit.probe_at,
        is_probing=circuit.probing_since is not None,
        last_error=mask_text(circuit.last_error),
    )
