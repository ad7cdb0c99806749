"""Which settings do workers run on that are to be killed? The project's own, with one app more."""

from config.settings import *  # noqa: F403
from config.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.killing"]
