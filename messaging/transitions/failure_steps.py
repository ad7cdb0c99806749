"""Next steps of failures that have no exception of the engine: named by it, or raised by its libraries."""

from django.db import InterfaceError, OperationalError
from django.utils.translation import gettext_lazy as _

from messaging.hooks.next_steps import DISCARD, EDIT, NONE, OPEN_GROUP, RETRY, register

register(
    OperationalError,
    InterfaceError,
    meaning=_("The database refused a statement, by a deadlock or a timeout for instance; nothing was saved."),
    advice=_("Retry it. If the database was overloaded, wait until it is not."),
    action=RETRY,
)  # fmt: skip
register(
    OSError,
    meaning=_("A system that the task needs could not be reached, or broke the connection."),
    advice=_("Check that the system which the error names is up again, then retry it."),
    action=RETRY,
)
register(
    "celery.exceptions.MaxRetriesExceededError", "celery.exceptions.Retry",
    meaning=_("The task asked to run again until it had no attempts left."),
    advice=_("Check that what it waits for is there now, then retry it."),
    action=RETRY,
)  # fmt: skip
register(
    "WorkerLost", "DeliveryLimit", "billiard.exceptions.WorkerLostError",
    meaning=_("The worker process was lost on every attempt to run this task, so the task itself is the likely cause."),
    advice=_(
        "Look for the signal in the worker's log: SIGKILL is usually a lack of memory, SIGSEGV a crash. Correct the "
        "task, then retry the group."
    ),
    action=OPEN_GROUP,
)  # fmt: skip
register(
    "billiard.exceptions.TimeLimitExceeded", "billiard.exceptions.SoftTimeLimitExceeded",
    meaning=_("The task ran longer than its time limit and was stopped; nothing was saved."),
    advice=_("Check whether a system that it calls was slow, then retry it. If it always takes this long, correct it."),
    action=RETRY,
)  # fmt: skip
register(
    "WorkerGaveUp",
    meaning=_("A worker returned this message unprocessed; the ledger did not send it."),
    advice=_("Retry it if its payload should be processed; otherwise discard it."),
    action=RETRY,
)
register(
    "Revoked",
    meaning=_("It was revoked before it succeeded; nothing was saved."),
    advice=_("Retry it if it should run; otherwise discard it."),
    action=RETRY,
)
register(
    "CannotPublish",
    meaning=_("The broker does not accept this message as it is, usually because it is too large."),
    advice=_("Edit the payload, which also retries the task, or raise the broker's limit."),
    action=EDIT,
)
register(
    "NoSuchQueue",
    meaning=_("No queue is bound for its routing key."),
    advice=_("Deploy a release that has such a queue, then retry the group; or discard the message."),
    action=OPEN_GROUP,
)
register(
    "UndecodableMessage",
    meaning=_("Its body is not a message that a worker can read; the raw bytes are kept below."),
    advice=_("Find out who published it, then discard it. If its task is known, you can edit and retry it instead."),
    action=DISCARD,
)
register(
    "UnknownTask",
    meaning=_("No worker of this release knows the task."),
    advice=_("It is retried by itself once a worker knows the task. Discard it if none ever will."),
    action=NONE,
)
