"""Django settings of the engine alone and its peers: the same for each of them."""

import os

from config.parts.database import database_settings
from messaging.broker.settings import celery_settings

SECRET_KEY = "scratch"
USE_TZ = True
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "bench.pipeline.trivial_view"
# The web server of the trivial view starts only if a shop may simulate payments; this one sells nothing.
CONVEYOR_DEMO = True
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "messaging",
    "procrastinate.contrib.django",
    "django_tasks_db",
]
DATABASES = {"default": database_settings()}
BROKER_URL = os.environ.get("BROKER_URL", "amqp://guest:guest@127.0.0.1:5672//")
MESSAGING = {"queues": {"pay": "pay.#", "ship": "ship.#"}}
CELERY = celery_settings(BROKER_URL, topology=MESSAGING)
TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend", "QUEUES": ["pay", "ship"]}}
PROCRASTINATE_IMPORT_PATHS = ["bench.pipeline.engine.contenders.procrastinate"]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates"}]
SILENCED_SYSTEM_CHECKS = ["models.W040"]
LOGGING = {"version": 1, "root": {"level": "WARNING"}, "loggers": {"procrastinate": {"level": "WARNING"}}}
