"""Celery application of workers and beat: `celery -A config worker -Q payments`."""

import os
import sys
from pathlib import Path
from types import TracebackType

import django
from celery import Celery, signals
from django.core.exceptions import ImproperlyConfigured

from messaging.worker.bootsteps import install

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# Celery would import every page to run Django's checks, and ignore their result.
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")


def _explain(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Write an invalid setting as a sentence, and any other error as Python does."""
    if issubclass(kind, ImproperlyConfigured):
        sys.stderr.write(f"This process cannot start. {error}\n")
    else:
        sys.__excepthook__(kind, error, trace)


def _set_up(**_sent: object) -> None:
    """Set up Django before Celery's own receiver does, whose errors are logged with their traceback."""
    try:
        django.setup()
    except ImproperlyConfigured as error:
        sys.exit(f"This process cannot start. {error}")


if Path(sys.argv[0]).name == "celery":  # not in a program that imports this module
    sys.excepthook = _explain
    signals.import_modules.connect(_set_up, weak=False)

app = Celery("conveyor")
app.config_from_object("config.settings:CELERY")
app.autodiscover_tasks()
install(app)


@signals.worker_init.connect(weak=False)
@signals.beat_init.connect(weak=False)
def _require_settings(**_sent: object) -> None:
    from shop.site import starting

    try:
        starting.require_settings()
    except ImproperlyConfigured as error:
        sys.exit(f"This process cannot start. {error}")
