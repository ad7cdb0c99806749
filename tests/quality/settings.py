"""Which settings does the audited shop run on? The project's own, with addresses that show its error pages."""

from config.settings import *  # noqa: F403

ROOT_URLCONF = "tests.quality.urls"
