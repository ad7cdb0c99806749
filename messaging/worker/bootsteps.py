"""Celery bootsteps that every worker of the project runs."""

from celery import Celery

#: By name: they import models, which are not ready while the Celery app is being created.
STEPS = (
    "messaging.worker.undecodable:RejectUndecodable",
    "messaging.worker.pause_watch:HonourPauses",
)


def install(app: Celery) -> None:
    """Add the bootsteps to every worker of `app`."""
    app.steps["consumer"].update(STEPS)
