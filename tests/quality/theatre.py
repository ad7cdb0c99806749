"""How does a program, not a test, get a running shop with a stage, and a browser? With `opened`."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import sync_playwright

from tests.browser.chromium import ARGUMENTS
from tests.quality.stage import Stage
from tests.stack.database import NoBlocker
from tests.stack.services import chromium_path
from tests.stack.stack import Stack

#: The bank is asked again after up to an hour, so that the page that tells so stays as it is.
_ENVIRONMENT = {
    "DJANGO_SETTINGS_MODULE": "tests.quality.settings",
    "CONVEYOR_RETRY_BASE": "3600",
    "CONVEYOR_RETRY_MAX_SECONDS": "36000",
}


def chromium() -> str:
    """Where it is; ends the program with a sentence if it is nowhere."""
    found = chromium_path()
    if found is None:
        sys.exit("Chromium is not there; `make services` installs it (Debian, Ubuntu).")
    return found


@contextmanager
def opened() -> Iterator[Stage]:
    """The whole shop on SQLite and Valkey, removed afterwards however the program ends."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    where = chromium()
    stack = Stack("embedded", blocker=NoBlocker(), env=_ENVIRONMENT)
    try:
        stack.start()
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=where, args=list(ARGUMENTS))
            os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
            yield Stage(stack, browser, staged=True)
            browser.close()
    finally:
        stack.remove()
