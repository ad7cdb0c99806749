"""Settings of an otherwise empty project with the engine and one app. No setting of the engine is needed."""

import os

SECRET_KEY = "not a secret"
USE_TZ = True
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "messaging",
    "tests.packaging.engine_alone.welcome",
]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ["DATABASE"]}}
