"""Scenario: orders in various states and signed-in visitors on a running shop."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, StorageState

from tests.patience import MILLISECONDS
from tests.quality import operator_pages
from tests.quality.pages import Example, Visitor
from tests.stack import Stack

#: Payment method and final status of each order.
_ORDERS = {
    "delivered": ("pm_card_visa", "delivered"),
    "declined": ("pm_card_declined", "payment_failed"),
    "challenged": ("pm_3ds", "action_required"),
    "stuck": ("pm_bug", "placed"),
}
_RETRYING = {"retrying": ("pm_outage", "placed")}
_LINES = 3
_FIELDS = {
    "email": "shopper@example.com",
    "name": "Sam Shopper",
    "line1": "1 Station Road",
    "postcode": "YO1 6GA",
    "city": "York",
}


class Scenario:
    """Orders and visitors on a running `stack`. `for_audit` adds what only the audit's own stack can show."""

    def __init__(self, stack: Stack, browser: Browser, *, for_audit: bool = False) -> None:
        self.stack, self.browser, self.for_audit = stack, browser, for_audit
        kinds = _ORDERS | (_RETRYING if for_audit else {})
        skus = self._skus()
        orders = {kind: self._order(method, skus) for kind, (method, _status) in kinds.items()}
        for kind, (_method, status) in kinds.items():
            stack.wait_status(orders[kind], status)
        self.ids = {kind: order["public_id"] for kind, order in orders.items()}
        self._wait_for_failure_of(orders["stuck"]["number"])
        self._cookies: dict[Visitor, StorageState] = {}

    def url(self, example: Example) -> str:
        self.cookies(example.visitor)  # preparing the visitor adds ids
        return self.stack.url + example.path.format_map(self.ids)

    @contextmanager
    def page(self, visitor: Visitor, **options: Any) -> Iterator[Page]:
        """A blank page in a new browser context with the visitor's cookies. `options` are Playwright's."""
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
        context.set_default_timeout(MILLISECONDS)
        return context

    def _prepare(self, visitor: Visitor, page: Page) -> None:
        if visitor is Visitor.BUYER:
            fill_basket(page)
        elif visitor is Visitor.SHOPPER:
            sign_in(page, name="shopper")
            fill_basket(page)
            self.stack.wait_status(self.stack.api("GET", f"orders/{buy(page)}/")[1], "delivered")
            page.goto("/account/addresses/")
            self.ids["address"] = re.findall(r"/account/addresses/(\d+)/", page.content())[0]
        elif visitor is Visitor.OPERATOR:
            sign_in(page, name="operator")
            if self.for_audit:
                operator_pages.create_claims(self.stack)
            self.ids |= operator_pages.prepare(self.stack, stuck=self.ids["stuck"])
        elif visitor is Visitor.ADMIN:
            sign_in(page, name="admin")
            if self.for_audit:
                self.cookies(Visitor.OPERATOR)  # prepares most of the rows
                self.ids |= operator_pages.row_ids(self.stack)

    def _skus(self) -> list[str]:
        """The products with the most stock, used in all orders."""
        _, found = self.stack.api("GET", "products/")
        by_stock = sorted(found["results"], key=lambda product: -product["stock"])
        return sorted(product["sku"] for product in by_stock[:_LINES])

    def _order(self, method: str, skus: list[str]) -> dict[str, Any]:
        lines = [{"sku": sku, "quantity": number + 1} for number, sku in enumerate(skus)]
        return self.stack.order(payment_method=method, lines=lines)

    def _wait_for_failure_of(self, number: str) -> None:
        token = self.stack.token()

        def failed() -> bool:
            return bool(self.stack.api("GET", f"failed-tasks/?subject={number}", token=token)[1]["results"])

        self.stack.wait_for(failed, what=f"order {number} has a failed task")


def fill_basket(page: Page) -> None:
    """Add two products by submitting their forms directly, so that no script has to finish first."""
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
    """Check out as a signed-in shopper who saves the address; return the order's public id."""
    page.goto("/checkout/")
    page.locator("select[name=country]").select_option("GB")
    for name, value in _FIELDS.items():
        page.locator(f"input[name={name}]").fill(value)
    for name in ("input[name=keep_address]", "input[value=standard]", "input[value=pm_card_visa]"):
        page.locator(name).check()
    page.locator("#checkout button[type=submit]").click()
    page.wait_for_url("**/orders/*/")
    return page.url.rstrip("/").rpartition("/")[2]
