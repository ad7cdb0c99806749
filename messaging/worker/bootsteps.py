"""Celery bootsteps of every worker, checks before workers and beat start, and memory that pool processes share."""

import gc
from typing import Any

from celery import Celery, signals
from django.core.exceptions import ImproperlyConfigured

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
    for start in (signals.worker_init, signals.beat_init):
        start.connect(_check_database)
    signals.worker_before_create_process.connect(_share_memory)


def _check_database(**kwargs: Any) -> None:
    from messaging.broker.database import refuse_transaction_pooling

    try:
        refuse_transaction_pooling()
    except ImproperlyConfigured as error:
        raise SystemExit(str(error)) from error


def _share_memory(**kwargs: Any) -> None:
    """Keep the garbage collector of a pool process off what the worker has loaded: its marks would copy every page."""
    gc.collect()
    gc.freeze()
