"""Celery application of workers and beat: `celery -A config worker -Q payments`."""

import os

from celery import Celery

from messaging.worker.bootsteps import install

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# Celery would import every page to run Django's checks, and ignore their result.
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")

app = Celery("conveyor")
app.config_from_object("config.settings:CELERY")
app.autodiscover_tasks()
install(app)
