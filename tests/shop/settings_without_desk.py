"""Settings of a shop without the operators' desk."""

from typing import Any

# First, since it sets the environment that the project's settings read.
from tests.settings import *  # noqa: F403

# isort: split
from config.settings import CELERY, INSTALLED_APPS, SPECTACULAR_SETTINGS

INSTALLED_APPS = [name for name in INSTALLED_APPS if name != "messaging.operations"]
CELERY["beat_schedule"] = {
    name: entry for name, entry in CELERY["beat_schedule"].items() if not entry["task"].startswith("operations.")
}
_enums: Any = SPECTACULAR_SETTINGS["ENUM_NAME_OVERRIDES"]
SPECTACULAR_SETTINGS["ENUM_NAME_OVERRIDES"] = {
    name: choices for name, choices in _enums.items() if not choices.startswith("messaging.operations.")
}
