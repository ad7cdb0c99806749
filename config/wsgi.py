"""WSGI application for any server; `config.web` wraps it for granian. Raises `ImproperlyConfigured`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()

from shop.site import starting  # noqa: E402 - needs the settings

starting.require_settings()
