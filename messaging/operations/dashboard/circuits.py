"""How do the outside systems stand, as operators see them?"""

from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from messaging import circuit_breaker
from messaging.models import Circuit
from messaging.operations.privacy.masking import mask_text


@dataclass(frozen=True, slots=True)
class CircuitRow:
    """`since` is when it went down, or came back; `last_error` has personal data masked."""

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
        """`closed`, `open`, or `half_open` while one message tries, as the pattern's literature names them."""
        if not self.is_open:
            return "closed"
        return "half_open" if self.is_probing else "open"

    @property
    def word(self) -> str | Promise:
        return {"closed": _("answers"), "open": _("down"), "half_open": _("down, one message tries")}[self.state]


def circuit_rows() -> list[CircuitRow]:
    """Every circuit that is registered, or that ever failed, with two statements."""
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
