"""Does an order's page ask for news often while the order moves, seldom while nothing happens, and never unseen?

The page's clock is the test's: minutes pass in no time, and every request is counted.
"""

import pytest
from playwright.sync_api import Page, Request, expect

from tests.browser import ONE_BACKEND
from tests.browser.shopper import status

pytestmark = ONE_BACKEND
_STEP = 500
_HIDE = """hidden => {
    Object.defineProperty(document, "hidden", {configurable: true, get: () => hidden});
    document.dispatchEvent(new Event("visibilitychange"));
}"""


class Watch:
    """The page of an order, its clock, and how often it asked for news."""

    def __init__(self, page: Page, public_id: str) -> None:
        self.page, self.asked, self.open = page, 0, 0
        page.clock.install()
        page.on("request", self._asks)
        for event in ("requestfinished", "requestfailed"):
            page.on(event, self._answered)
        page.goto(f"/orders/{public_id}/")

    def pass_by(self, seconds: float) -> int:
        """Lets so many seconds pass; how often the page asked within them."""
        before = self.asked
        for _step in range(int(seconds * 1000 / _STEP)):
            self.page.clock.run_for(_STEP)
            while self.open:
                self.page.wait_for_timeout(10)
        return self.asked - before

    def _asks(self, request: Request) -> None:
        if request.url.endswith("/live/"):
            self.asked, self.open = self.asked + 1, self.open + 1

    def _answered(self, request: Request) -> None:
        if request.url.endswith("/live/"):
            self.open -= 1


@pytest.fixture
def watch(stack, visit) -> Watch:
    """An order of which nothing more is to be expected until an operator looks at it, though it is not final."""
    order = stack.order(payment_method="pm_bug")
    page = visit(f"/orders/{order['public_id']}/")
    expect(status(page)).to_contain_text("Someone is looking into it")
    return Watch(page, order["public_id"])


def test_the_longer_nothing_happens_the_more_seldom_it_asks(watch):
    assert 5 <= watch.pass_by(15) <= 8
    assert watch.pass_by(150) < 20
    assert 2 <= watch.pass_by(60) <= 3


def test_it_does_not_ask_while_nobody_sees_it_and_looks_at_once_afterwards(watch):
    assert watch.pass_by(5) > 0
    watch.page.evaluate(_HIDE, True)
    assert watch.pass_by(120) == 0
    asked = watch.asked
    watch.page.evaluate(_HIDE, False)
    watch.pass_by(_STEP / 1000)
    assert watch.asked - asked == 1
    assert watch.pass_by(5) >= 2
