"""Sets up Django and Celery as a project does, and migrates."""

import django
from celery import Celery

django.setup()

from django.core.management import call_command  # noqa: E402

from messaging.broker.settings import celery_settings  # noqa: E402
from messaging.conf import settings  # noqa: E402
from messaging.worker.bootsteps import install  # noqa: E402

app = Celery("alone")
app.config_from_object(celery_settings("redis://127.0.0.1:9/", topology=settings.MESSAGING))
app.set_default()
install(app)


def start() -> None:
    """Import the tasks and create the tables."""
    from messaging import tasks  # noqa: F401
    from tests.packaging.engine_alone.welcome import tasks as welcome  # noqa: F401

    app.finalize()
    call_command("check")
    call_command("migrate", verbosity=0)
