"""Test settings of `pytest extensions`: the shop's own, with every app in `extensions/` installed."""

import os

os.environ["TEST_EXTENSIONS"] = ""

from tests.settings import *  # noqa: F403
