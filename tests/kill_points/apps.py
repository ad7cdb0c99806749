"""Kill points: around each external call, and between a task's commit and its acknowledgement.

A point is armed by a file in `CONVEYOR_VAR/kill/` that names the victim: `child`, the pool process that runs the task,
or `worker`, the whole process group. The process that deletes the file dies, so a point fires once.
"""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from django.apps import AppConfig

BEFORE_CALL, AFTER_CALL, AFTER_COMMIT = "before-call", "after-call", "after-commit"
#: The external call of each task.
_CALLS = {
    "payments.charge_payment": "authorise",
    "payments.capture_payment": "capture",
    "payments.void_payment": "void",
    "payments.refund_payment": "refund",
    "shipping.create_shipment": "book",
    "shop.send_return_label": "book_return",
}


class KillPointsConfig(AppConfig):
    name = "tests.kill_points"

    def ready(self) -> None:
        from messaging.worker.task import ReliableTask
        from payments.gateways.with_circuit_breaker import CircuitBreakerGateway
        from shipping.carriers.with_circuit_breaker import CircuitBreakerCarrier

        for method in ("authorise", "capture", "void", "refund"):
            _install_around(CircuitBreakerGateway, method)
        for method in ("book", "book_return"):
            _install_around(CircuitBreakerCarrier, method)
        _install_after_commit(ReliableTask)


def arm(folder: Path, point: str, victim: str) -> Path:
    """Arm `point`, such as `capture.before-call`, to kill `victim`. The returned file disappears when it fires."""
    path = folder / "kill" / point
    path.parent.mkdir(exist_ok=True)
    path.write_text(victim)
    return path


def _die_if_armed(point: str) -> None:
    path = Path(os.environ["CONVEYOR_VAR"]) / "kill" / point
    with suppress(FileNotFoundError):
        victim = path.read_text()
        path.unlink()
        if victim == "worker":
            os.killpg(os.getpgid(0), signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)


def _install_around(kind: type, method: str) -> None:
    inner: Callable[..., Any] = getattr(kind, method)

    def outer(self: Any, **arguments: Any) -> Any:
        _die_if_armed(f"{method}.{BEFORE_CALL}")
        answer = inner(self, **arguments)
        _die_if_armed(f"{method}.{AFTER_CALL}")
        return answer

    setattr(kind, method, outer)


def _install_after_commit(kind: Any) -> None:
    inner = kind.complete

    @contextmanager
    def outer(self: Any) -> Iterator[None]:
        with inner(self):
            yield
        if self.name in _CALLS:
            _die_if_armed(f"{_CALLS[self.name]}.{AFTER_COMMIT}")

    kind.complete = outer
