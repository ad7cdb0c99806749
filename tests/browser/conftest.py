"""How does a test open the shop in Chromium? With `visit`, which lets no complaint of the browser pass."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.chromium import ARGUMENTS
from tests.browser.complaints import Complaints
from tests.stack import Stack, require

# Milliseconds. Long, since the machine may run other tests at the same time; nothing waits longer than it has to.
_PATIENCE = 30_000


@pytest.fixture(scope="session")
def chromium() -> str:
    """Where the browser is."""
    return require("Chromium")


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """One browser for a module's tests, ended with them: while it is open, Django takes all code for asynchronous."""
    expect.set_options(timeout=_PATIENCE)
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        browser = playwright.chromium.launch(executable_path=chromium, args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture
def visit(stack: Stack, browser: Browser) -> Iterator[Callable[..., Page]]:
    """`visit("/path/")` opens it as somebody new, with cookies of their own; `options` are Playwright's for a context.

    At the end of the test no page may have complained.
    """
    contexts, complaints = [], Complaints()

    def visit(path: str = "/", **options: Any) -> Page:
        contexts.append(browser.new_context(base_url=stack.url, **options))
        contexts[-1].set_default_timeout(_PATIENCE)
        page = contexts[-1].new_page()
        complaints.listen_to(page)
        page.goto(path)
        return page

    yield visit
    for context in contexts:
        context.close()
    assert complaints == []
