"""Project configuration: settings, URLs, the Celery application and the processes of a running shop."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
