"""How does the running shop get into the states that its pages are looked at in?"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, StorageState

from tests.quality import desk
from tests.quality.pages import Example, Visitor
from tests.stack import Stack

#: Milliseconds; the machine may be busy with other things.
PATIENCE = 30_000
#: What to pay with, and the status in which the order then rests.
_ORDERS = {
    "delivered": ("pm_card_visa", "delivered"),
    "declined": ("pm_card_declined", "payment_failed"),
    "stuck": ("pm_bug", "placed"),
}
_ASKED_AGAIN = {"retrying": ("pm_outage", "placed")}
_LINES = 3
_FIELDS = {
    "email": "shopper@example.com",
    "name": "Sam Shopper",
    "line1": "1 Station Road",
    "postcode": "YO1 6GA",
    "city": "York",
}


class Stage:
    """Orders and people on a running `stack`. `staged` adds what only the audit's own stack can show."""

    def __init__(self, stack: Stack, browser: Browser, *, staged: bool = False) -> None:
        self.stack, self.browser = stack, browser
        kinds = _ORDERS | (_ASKED_AGAIN if staged else {})
        skus = self._skus()
        orders = {kind: self._order(method, skus) for kind, (method, _status) in kinds.items()}
        for kind, (_method, status) in kinds.items():
            stack.wait_status(orders[kind], status, timeout=60)
        self.places = {kind: order["public_id"] for kind, order in orders.items()}
        self._wait_for_failure_of(orders["stuck"]["number"])
        self._cookies: dict[Visitor, StorageState] = {}

    def url(self, example: Example) -> str:
        self.cookies(example.visitor)  # what a shopper has done is among the places too
        return self.stack.url + example.path.format_map(self.places)

    @contextmanager
    def page(self, visitor: Visitor, **options: Any) -> Iterator[Page]:
        """A blank page of a new browser context with the visitor's cookies; `options` are Playwright's."""
        context = self._context(storage_state=self.cookies(visitor), **options)
        try:
            yield context.new_page()
        finally:
            context.close()

    def cookies(self, visitor: Visitor) -> StorageState:
        if visitor not in self._cookies:
            context = self._context()
            self._prepare(visitor, context.new_page())
            self._cookies[visitor] = context.storage_state()
            context.close()
        return self._cookies[visitor]

    def _context(self, **options: Any) -> BrowserContext:
        context = self.browser.new_context(base_url=self.stack.url, reduced_motion="reduce", **options)
        context.set_default_timeout(PATIENCE)
        return context

    def _prepare(self, visitor: Visitor, page: Page) -> None:
        if visitor is Visitor.BUYER:
            fill_basket(page)
        elif visitor is Visitor.SHOPPER:
            sign_in(page, name="shopper")
            fill_basket(page)
            self.stack.wait_status(self.stack.api("GET", f"orders/{buy(page)}/")[1], "delivered", timeout=60)
            page.goto("/account/addresses/")
            self.places["address"] = re.findall(r"/account/addresses/(\d+)/", page.content())[0]
        elif visitor is Visitor.OPERATOR:
            sign_in(page, name="operator")
            self.places |= desk.prepare(self.stack, stuck=self.places["stuck"])

    def _skus(self) -> list[str]:
        """The goods of the orders: some different ones, with plenty in stock."""
        _, found = self.stack.api("GET", "products/")
        plenty = sorted(found["results"], key=lambda product: -product["stock"])
        return sorted(product["sku"] for product in plenty[:_LINES])

    def _order(self, method: str, skus: list[str]) -> dict[str, Any]:
        lines = [{"sku": sku, "quantity": number + 1} for number, sku in enumerate(skus)]
        return self.stack.order(payment_method=method, lines=lines)

    def _wait_for_failure_of(self, number: str) -> None:
        token = self.stack.token()

        def failed() -> bool:
            return bool(self.stack.api("GET", f"failed-tasks/?subject={number}", token=token)[1]["results"])

        self.stack.wait_for(failed, what=f"the order {number} waits for a person")


def fill_basket(page: Page) -> None:
    """Two products of a category; without a script, so that nothing has to be waited for."""
    for path in ("/products/studio-guitar/", "/products/aurora-headphones/"):
        page.goto(path)
        with page.expect_navigation():
            page.locator("form[action$='/basket/add/']").first.evaluate("form => form.submit()")


def sign_in(page: Page, *, name: str) -> None:
    """Demo users have their name as password."""
    page.goto("/account/login/")
    page.locator("input[name=username]").fill(name)
    page.locator("input[name=password]").fill(name)
    page.locator("input[name=password]").press("Enter")
    page.wait_for_url(lambda url: "/login/" not in url)


def buy(page: Page) -> str:
    """What is in the basket, by somebody who signed in and wants the address kept; the order's public id."""
    page.goto("/checkout/")
    page.locator("select[name=country]").select_option("GB")
    for name, value in _FIELDS.items():
        page.locator(f"input[name={name}]").fill(value)
    for name in ("input[name=keep_address]", "input[value=standard]", "input[value=pm_card_visa]"):
        page.locator(name).check()
    page.locator("#checkout button[type=submit]").click()
    page.wait_for_url("**/orders/*/")
    return page.url.rstrip("/").rpartition("/")[2]
