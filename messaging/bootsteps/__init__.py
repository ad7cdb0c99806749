"""What must a Celery worker do otherwise than it does by itself?"""

from celery import Celery

#: By name, since they read the database's models, which are not there yet while the Celery app is made.
STEPS = (
    "messaging.bootsteps.undecodable:KeepUndecodable",
    "messaging.bootsteps.pauses:HonourPauses",
)


def install(app: Celery) -> None:
    """Give every worker of `app` these steps."""
    app.steps["consumer"].update(STEPS)
