"""Settings of a project with the engine and the app of docs/reference/coming-from-celery.md."""

import os

SECRET_KEY = "not a secret"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = ["django.contrib.contenttypes", "messaging", "reports"]
MESSAGING = {"queues": {"reports": "report.#", "maintenance": "maintenance.#"}}
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ["DATABASE"]}}
CONVEYOR_RETRY_BASE = 3600  # nothing is retried by itself, however slow the machine is
CONVEYOR_RETRY_MAX_SECONDS = 36_000
