"""Where may a worker die? Around each call to the outside, and between a task's commit and its acknowledgement.

A point is armed by a file in `CONVEYOR_VAR/kill/`, whose text says who dies: `child`, the pool's process that does the
work, or `worker`, that one and all that belong to it. Whoever takes the file away dies, so that it happens once.
"""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from django.apps import AppConfig

BEFORE_CALL, AFTER_CALL, AFTER_COMMIT = "before-call", "after-call", "after-commit"


class KillingConfig(AppConfig):
    name = "tests.killing"

    def ready(self) -> None:
        from messaging.worker.task import ReliableTask
        from payments.gateways.circuit_breaker import CircuitBreakerGateway
        from shipping.carriers.circuit_breaker import CircuitBreakerCarrier

        _dies_around(CircuitBreakerGateway, "charge")
        _dies_around(CircuitBreakerGateway, "refund")
        _dies_around(CircuitBreakerCarrier, "book")
        _dies_after_commit(ReliableTask)


def arm(folder: Path, point: str, victim: str) -> Path:
    """Let `victim` die at `point`, such as `charge.before-call`. The file is gone once it did."""
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


def _dies_around(kind: type, method: str) -> None:
    inner: Callable[..., Any] = getattr(kind, method)

    def outer(self: Any, **asked: Any) -> Any:
        _die_if_armed(f"{method}.{BEFORE_CALL}")
        answer = inner(self, **asked)
        _die_if_armed(f"{method}.{AFTER_CALL}")
        return answer

    setattr(kind, method, outer)


def _dies_after_commit(kind: Any) -> None:
    inner = kind.complete

    @contextmanager
    def outer(self: Any) -> Iterator[None]:
        with inner(self):
            yield
        deed = self.name.rpartition(".")[2].partition("_")[0]
        _die_if_armed(f"{'book' if deed == 'create' else deed}.{AFTER_COMMIT}")

    kind.complete = outer
