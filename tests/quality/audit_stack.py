"""The audit's own shop and browser, for programs outside pytest."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import sync_playwright

from tests.browser.chromium import ARGUMENTS
from tests.quality.scenario import Scenario
from tests.stack import standalone
from tests.stack.services import chromium_path

#: Retries wait up to an hour, so that the page of a retrying payment stays the same.
_ENVIRONMENT = {
    "DJANGO_SETTINGS_MODULE": "tests.quality.settings",
    "CONVEYOR_RETRY_BASE": "3600",
    "CONVEYOR_RETRY_MAX_SECONDS": "36000",
}


def require_chromium() -> str:
    """Chromium's path; exits with an error message if it is not installed."""
    found = chromium_path()
    if found is None:
        sys.exit("Chromium is not installed; `make services` installs it (Debian, Ubuntu).")
    return found


@contextmanager
def running_shop() -> Iterator[Scenario]:
    """The whole shop on SQLite and Valkey, removed afterwards even if the program is interrupted."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    path = require_chromium()
    with standalone.running("embedded", env=_ENVIRONMENT) as stack, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
        yield Scenario(stack, browser, for_audit=True)
        browser.close()
