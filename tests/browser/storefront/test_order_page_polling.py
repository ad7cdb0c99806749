"""Order page polling: frequent while the order changes, rare while it does not, none in a hidden tab.

The test controls the page's clock, so minutes pass instantly, and counts every request.
"""

import pytest
from playwright.sync_api import Page, Request, expect

from tests.browser import ONE_BACKEND
from tests.browser.steps import status

pytestmark = ONE_BACKEND
_STEP = 500
_HIDE = """hidden => {
    Object.defineProperty(document, "hidden", {configurable: true, get: () => hidden});
    document.dispatchEvent(new Event("visibilitychange"));
}"""


class PolledPage:
    """An order page, its clock, and the number of its polling requests."""

    def __init__(self, page: Page, public_id: str) -> None:
        self.page, self.requests, self.pending = page, 0, 0
        page.clock.install()
        page.on("request", self._on_request)
        for event in ("requestfinished", "requestfailed"):
            page.on(event, self._on_end)
        page.goto(f"/orders/{public_id}/")

    def advance(self, seconds: float) -> int:
        """Advance the clock; return the number of requests meanwhile."""
        before = self.requests
        for _step in range(int(seconds * 1000 / _STEP)):
            self.page.clock.run_for(_STEP)
            while self.pending:
                self.page.wait_for_timeout(10)
        return self.requests - before

    def _on_request(self, request: Request) -> None:
        if request.url.endswith("/live/"):
            self.requests, self.pending = self.requests + 1, self.pending + 1

    def _on_end(self, request: Request) -> None:
        if request.url.endswith("/live/"):
            self.pending -= 1


@pytest.fixture
def polled_page(stack, visit) -> PolledPage:
    """An order that is not final but does not change until an operator acts."""
    order = stack.order(payment_method="pm_bug")
    page = visit(f"/orders/{order['public_id']}/")
    expect(status(page)).to_contain_text("Our team is looking into it")
    return PolledPage(page, order["public_id"])


def test_polling_slows_down_while_nothing_happens(polled_page):
    assert 5 <= polled_page.advance(15) <= 8
    assert polled_page.advance(150) < 20
    assert 2 <= polled_page.advance(60) <= 3


def test_polling_stops_in_a_hidden_tab_and_resumes_at_once(polled_page):
    assert polled_page.advance(5) > 0
    polled_page.page.evaluate(_HIDE, True)
    assert polled_page.advance(120) == 0
    before = polled_page.requests
    polled_page.page.evaluate(_HIDE, False)
    polled_page.advance(_STEP / 1000)
    assert polled_page.requests - before == 1
    assert polled_page.advance(5) >= 2
