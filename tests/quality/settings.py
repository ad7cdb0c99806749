"""The project's settings plus URLs that show the error pages."""

from config.settings import *  # noqa: F403

ROOT_URLCONF = "tests.quality.urls"
