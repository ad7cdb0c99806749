"""Celery application of workers and beat: `celery -A config worker -Q payments`."""

import os

from celery import Celery

from messaging.worker.bootsteps import install

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("conveyor")
app.config_from_object("config.settings:CELERY")
app.autodiscover_tasks()
install(app)
