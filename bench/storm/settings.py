"""The project's settings plus the app with the moments at which the storm strikes."""

from config.settings import *  # noqa: F403
from config.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "bench.storm"]
