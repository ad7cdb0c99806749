"""Browser fixtures. `visit` opens a page and fails the test on any browser error."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.browser_errors import BrowserErrors
from tests.browser.chromium import ARGUMENTS
from tests.patience import MILLISECONDS
from tests.stack import Stack, require


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of the browser."""
    return require("Chromium")


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """One browser per module. While it is open, Django considers all code asynchronous."""
    expect.set_options(timeout=MILLISECONDS)
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        browser = playwright.chromium.launch(executable_path=chromium, args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture
def visit(stack: Stack, browser: Browser) -> Iterator[Callable[..., Page]]:
    """`visit("/path/")` opens a page as a new visitor; `options` are those of Playwright's browser contexts.

    Pages stand still, as the visitor prefers reduced motion: drawn without a graphics card, the belt of an order in
    progress takes as much CPU as the shop itself. Fails the test at its end if any page caused browser errors.
    """
    contexts, errors = [], BrowserErrors()

    def visit(path: str = "/", **options: Any) -> Page:
        contexts.append(browser.new_context(**{"base_url": stack.url, "reduced_motion": "reduce"} | options))
        contexts[-1].set_default_timeout(MILLISECONDS)
        page = contexts[-1].new_page()
        errors.listen_to(page)
        page.goto(path)
        return page

    yield visit
    for context in contexts:
        context.close()
    assert errors == []
