"""Request class of reliable tasks: handling of hard time limits in the worker's main process."""

from typing import Any

from celery.worker.request import Request


class ReliableRequest(Request):
    """Rejects a message that hit its hard time limit to the dead-letter queue; Celery would requeue it forever."""

    _hard_limit_hit = False

    def on_timeout(self, soft: bool, timeout: float) -> None:
        self._hard_limit_hit = self._hard_limit_hit or not soft
        super().on_timeout(soft, timeout)

    def reject(self, requeue: bool = False) -> Any:
        return super().reject(requeue=requeue and not self._hard_limit_hit)
