"""Celery bootsteps of every worker."""

from celery import Celery

#: By name: the modules import models, which are not ready while the Celery app is being created.
STEPS = (
    "messaging.worker.message_guard:GuardMessages",
    "messaging.worker.pause_watch:ApplyPauses",
    "messaging.worker.events_guard:GuardEvents",
    "messaging.worker.pool_watch:WatchPool",
)


def install(app: Celery) -> None:
    """Add the bootsteps to every worker of `app`."""
    app.steps["consumer"].update(STEPS)
