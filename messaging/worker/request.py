"""What does the worker's main process do with a message whose task ran into its hard time limit?"""

from typing import Any

from celery.worker.request import Request


class ReliableRequest(Request):
    """Celery puts such a message back for ever; here it goes to the dead-letter queue, once."""

    _hard_limit_hit = False

    def on_timeout(self, soft: bool, timeout: float) -> None:
        self._hard_limit_hit = self._hard_limit_hit or not soft
        super().on_timeout(soft, timeout)

    def reject(self, requeue: bool = False) -> Any:
        return super().reject(requeue=requeue and not self._hard_limit_hit)
