"""Dry run of a failed task, audited."""

from typing import Any, Final

from messaging.conf import settings
from messaging.models import Message, State
from messaging.operations import audit, permissions
from messaging.operations.dry_runs import run
from messaging.operations.dry_runs.run import CannotDryRun, DryRun
from messaging.operations.permissions import Actor
from messaging.transitions.failure import short

#: After these the task may have ended its process.
_LOST: Final = frozenset({"WorkerLost", "DeliveryLimit", "TimeLimitExceeded"})


def dry_run(*, message: Message, actor: Actor, reason: str = "", is_expendable: bool = False) -> DryRun:
    """Run the present code against a dead message without any effect.

    It is audited before it runs, since the task may end this process, and once more with its verdict.
    `is_expendable`: nothing else depends on this process, so a task that may kill it can run. Raises
    `PermissionDenied`, and `CannotDryRun`.
    """
    actor.require(permissions.RETRY)
    if message.state != State.DEAD:
        raise CannotDryRun("Only a dead message can be run.")
    if short(message.error_type) in _LOST and not is_expendable:
        raise CannotDryRun(
            "Its worker was lost, and the run might end this process, too. Run it in one of its own: "
            f"manage.py dlq dry-run {message.pk}"
        )
    about: dict[str, Any] = {"message_id": message.pk, "group": message.fingerprint}
    data = {"release": settings.CONVEYOR_RELEASE}
    audit.record(action="dry run", actor=actor, reason=reason, data=data, **about)
    result = run.dry_run(message)
    audit.record(action="dry run ended", actor=actor, data={"verdict": result.verdict.value}, **about)
    return result
