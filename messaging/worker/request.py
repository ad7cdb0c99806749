"""Request class of reliable tasks: what the worker's main process decides about a delivery is settled in the ledger."""

import logging
import uuid
from contextlib import suppress
from typing import Any

from celery.exceptions import Reject, TimeLimitExceeded
from celery.worker import state
from celery.worker.request import Request
from celery.worker.state import revoked as revoked_ids
from celery.worker.state import task_ready
from django.db.models import F

from messaging import transitions
from messaging.models import Attempt
from messaging.transitions.failure import synthetic_failure
from messaging.worker import outage
from messaging.worker.admission import HEADER

log = logging.getLogger(__name__)
REVOKED = {
    "revoked": "Revoked by `app.control.revoke` before it started; nothing was done.",
    "terminated": "Revoked by `app.control.revoke` while it ran; its effects were rolled back.",
    "expired": "Its time to live had passed before it started; nothing was done.",
}


class ReliableRequest(Request):
    """Settles hard time limits and revocations, which Celery would requeue for ever or acknowledge and forget."""

    _hard_limit_hit = False

    def on_timeout(self, soft: bool, timeout: float) -> None:
        """Never raises: the pool would not kill the process that exceeded its limit."""
        if soft:
            super().on_timeout(soft, timeout)
        elif not (self.acknowledged or state.should_terminate):
            self._hard_limit_hit = True
            try:
                self._as_current(super().on_timeout, soft, timeout)
            except Exception as error:
                log.warning("hard time limit of %s %s is not recorded: %s", self.name, self.id, error)
            self.reject(requeue=False)

    def on_failure(self, exc_info: Any, send_failed_event: bool = True, return_ok: bool = False) -> Any:
        """Celery requeues what exceeds its hard time limit before it calls `on_timeout`; another delivery would run.

        It neither acknowledges nor rejects what ends with `MemoryError`, which the pool process has recorded.
        """
        error = getattr(exc_info.exception, "exc", exc_info.exception)
        if isinstance(error, TimeLimitExceeded):
            return self.on_timeout(False, *error.args)
        if isinstance(error, MemoryError):
            task_ready(self)
            return self.reject(requeue=False)
        return super().on_failure(exc_info, send_failed_event=send_failed_event, return_ok=return_ok)

    def reject(self, requeue: bool = False) -> Any:
        return super().reject(requeue=requeue and not self._hard_limit_hit)

    def give_back(self) -> None:
        """Make the message due again: the worker has lost the broker, which then takes the worker for lost."""
        origin = self.request_dict.get(HEADER)
        if not origin or origin.get("is_unsigned"):
            return
        with suppress(Reject), outage.ledger_write():
            if transitions.give_back(message_id=uuid.UUID(self.id), sends=origin["sends"]):
                log.info("%s %s given back without an attempt: the broker was lost", self.name, self.id)

    def revoked(self) -> bool:
        """Obeys a revocation once: workers remember it for hours, and an operator may retry the message before."""
        if not self._already_revoked and self.id in revoked_ids and self._was_retried():
            return False
        return bool(super().revoked())

    def _was_retried(self) -> bool:
        """Whether the message died of a revocation and was revived since."""
        obeyed = Attempt.objects.filter(
            message_id=self.id, error_type="Revoked", number__lte=F("message__replayed_from")
        )
        with suppress(Reject), outage.ledger_write():
            return obeyed.exists()
        return False

    def _announce_revoked(self, reason: str, terminated: bool, signum: Any, expired: bool) -> None:
        """Files the message as dead before Celery acknowledges it; rejects it if the ledger cannot be written."""
        try:
            self._as_current(self._bury_revoked, REVOKED.get(reason, reason))
        except Exception as error:
            log.warning("revocation of %s %s is not recorded: %s", self.name, self.id, error)
            self.reject(requeue=False)
        super()._announce_revoked(reason, terminated, signum, expired)

    def _bury_revoked(self, text: str) -> None:
        failure = synthetic_failure("Revoked", text, task=self.task.name, worker=self.hostname or "")
        self.task.bury(uuid.UUID(self.id), self.kwargs, failure)

    def _as_current(self, call: Any, *arguments: Any) -> None:
        """Call with this delivery as the task's current request, as in a pool process."""
        self.task.request_stack.push(self._context)
        try:
            call(*arguments)
        finally:
            self.task.request_stack.pop()
