"""Celery application of workers and beat: `celery -A config worker -Q payments`."""

import os
import sys

from celery import Celery, signals
from django.core.exceptions import ImproperlyConfigured

from messaging.worker.bootsteps import install

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# Celery would import every page to run Django's checks, and ignore their result.
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")

app = Celery("conveyor")
app.config_from_object("config.settings:CELERY")
app.autodiscover_tasks()
install(app)


@signals.worker_init.connect(weak=False)
@signals.beat_init.connect(weak=False)
def _refuse_simulated(**_sent: object) -> None:
    from shop.site import simulated

    try:
        simulated.refuse()
    except ImproperlyConfigured as error:
        sys.exit(f"This process cannot start. {error}")
