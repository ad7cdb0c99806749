"""Next steps of failures that have no exception of the engine: named by it, or raised by its libraries."""

from django.db import InterfaceError, OperationalError
from django.utils.translation import gettext_lazy as _

from messaging.hooks.next_steps import DISCARD, EDIT, NONE, OPEN_GROUP, RETRY, NextStep, register

_STEPS: dict[tuple[type[BaseException] | str, ...], NextStep] = {
    (OperationalError, InterfaceError): NextStep(
        _("The database refused a statement, by a timeout for instance; nothing was saved."),
        _("Retry it. If the database was overloaded, wait until it is not."),
        RETRY,
    ),
    (OSError,): NextStep(
        _("A system that the task needs could not be reached, or broke the connection."),
        _("Check that the system which the error names is up again, then retry it."),
        RETRY,
    ),
    ("celery.exceptions.MaxRetriesExceededError", "celery.exceptions.Retry"): NextStep(
        _("The task asked to run again until it had no attempts left."),
        _("Check that what it waits for is there now, then retry it."),
        RETRY,
    ),
    ("WorkerLost", "DeliveryLimit", "billiard.exceptions.WorkerLostError"): NextStep(
        _("The worker process was lost on every attempt to run this task, so the task itself is the likely cause."),
        _(
            "Look for the signal in the worker's log: SIGKILL is usually a lack of memory, SIGSEGV a crash. Correct "
            "the task, then retry the group."
        ),
        OPEN_GROUP,
    ),
    ("billiard.exceptions.TimeLimitExceeded", "billiard.exceptions.SoftTimeLimitExceeded"): NextStep(
        _("The task ran longer than its time limit and was stopped; nothing was saved."),
        _("Check whether a system that it calls was slow, then retry it. If it always takes this long, correct it."),
        RETRY,
    ),
    ("WorkerGaveUp",): NextStep(
        _("A worker returned this message unprocessed; the ledger did not send it."),
        _("Retry it if its payload should be processed; otherwise discard it."),
        RETRY,
    ),
    ("Revoked",): NextStep(
        _("It was revoked before it succeeded; nothing was saved."),
        _("Retry it if it should run; otherwise discard it."),
        RETRY,
    ),
    ("CannotPublish",): NextStep(
        _("The broker does not accept this message as it is, usually because it is too large."),
        _("Edit the payload, which also retries the task, or raise the broker's limit."),
        EDIT,
    ),
    ("NoSuchQueue",): NextStep(
        _("No queue is bound for its routing key."),
        _("Deploy a release that has such a queue, then retry the group; or discard the message."),
        OPEN_GROUP,
    ),
    ("UndecodableMessage",): NextStep(
        _("Its body is not a message that a worker can read; the raw bytes are kept below."),
        _("Find out who published it, then discard it."),
        DISCARD,
    ),
    ("UnknownTask",): NextStep(
        _("No worker of this release knows the task."),
        _("It is retried by itself once a worker knows the task. Discard it if none ever will."),
        NONE,
    ),
}
for errors, step in _STEPS.items():
    register(*errors, step=step)
