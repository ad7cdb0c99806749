"""Quality of every storefront page: accessibility, layout shift, overflow and browser errors, in light and dark.

`make audit-pages` checks more widths and runs Lighthouse.
"""

import re
import time
from typing import Any

import pytest
from django.contrib.admin import site
from django.test import Client
from django.urls import NoReverseMatch, resolve, reverse
from playwright.sync_api import Route

from shop.urls import urlpatterns
from tests.browser import ONE_BACKEND
from tests.quality.checks import MAX_SHIFT, layout_shift, too_wide
from tests.quality.desk_pages import DESK_PAGES
from tests.quality.inspection import inspect
from tests.quality.operator_pages import OPERATOR_PAGES
from tests.quality.pages import EXAMPLES, NOT_PAGES, Example, Visitor
from tests.quality.scenario import Scenario

#: Seconds that a font takes on a slow connection.
_FONT_DELAY = 0.5
_SCENARIOS: dict[str, Scenario] = {}
_UUID = "018f7a10-0000-7000-8000-000000000000"
_ARGUMENTS: tuple[dict[str, str | int], ...] = (
    {},
    {"slug": "x"},
    {"public_id": "x"},
    {"pk": 1},
    {"token_key": "x"},
    {"uidb64": "x", "token": "y"},
    {"public_id": "x", "return_id": _UUID},
)


@pytest.fixture
def scenario(stack, browser):
    """Created once for all pages, since its orders take a while."""
    if stack.alias not in _SCENARIOS:
        _SCENARIOS[stack.alias] = Scenario(stack, browser)
    return _SCENARIOS[stack.alias]


@ONE_BACKEND
@pytest.mark.parametrize(
    "example", [pytest.param(example, id=example.slug) for example in EXAMPLES if not example.audit_only]
)
def test_a_page_has_no_findings(scenario, example: Example):
    assert inspect(scenario, example, widths=[390]).findings == []


#: The desk's pages that show most of its components; `make audit-pages` inspects all.
_DESK = (
    *("", "password_change/", "auth/group/add/", "operations/bulkoperation/new/", "operations/failuregroup/"),
    *("operations/failedtask/?q=nothing&is=all", "messaging/message/", "orders/order/", "payments/payment/"),
)


@ONE_BACKEND
@pytest.mark.parametrize("path", _DESK)
def test_a_page_of_the_desk_has_no_findings(scenario, path: str):
    (example,) = (page for page in DESK_PAGES if page.path == f"/admin/{path}")
    assert inspect(scenario, example, widths=[390]).findings == []


@ONE_BACKEND
@pytest.mark.parametrize("path", ["/", "/search/?q=qqqqzzzz", "/about/", "/products/studio-guitar/"])
def test_slow_fonts_shift_nothing(scenario, path: str):
    def delayed(route: Route) -> None:
        time.sleep(_FONT_DELAY)
        route.continue_()

    with scenario.page(Visitor.GUEST, viewport={"width": 390, "height": 844}) as page:
        page.route("**/*.woff2", delayed)
        page.goto(scenario.stack.url + path)
        page.wait_for_timeout(4 * _FONT_DELAY * 1000)
        assert layout_shift(page) < MAX_SHIFT


@pytest.mark.django_db
@pytest.mark.parametrize("name", [pattern.name for pattern in urlpatterns])
def test_every_page_has_an_example(name: str):
    if name in {example.view for example in EXAMPLES} | set(NOT_PAGES):
        return
    response = Client().get(_url(name))
    assert response.status_code == 405, f"{name} responds to GET: add an example to tests/quality/pages.py"


def test_no_example_outlives_its_page():
    names = {pattern.name for pattern in urlpatterns}
    assert {example.view for example in EXAMPLES if example.view} | set(NOT_PAGES) <= names


def _url(name: str) -> str:
    for arguments in _ARGUMENTS:
        try:
            return reverse(f"shop:{name}", kwargs=arguments)
        except NoReverseMatch:
            continue
    raise AssertionError(f"{name} takes unknown arguments: add them to _ARGUMENTS")


_IN_GERMAN = ("home", "category", "product", "basket", "checkout", "order", "account", "about", "delivery")


@ONE_BACKEND
@pytest.mark.parametrize("view", _IN_GERMAN)
def test_long_german_words_fit_the_smallest_phone(scenario, view: str):
    example = [one for one in EXAMPLES if one.view == view][-1]
    with scenario.page(example.visitor, viewport={"width": 320, "height": 640}, locale="de-DE") as page:
        page.goto(scenario.url(example))
        assert page.locator("html").get_attribute("lang") == "de"
        assert too_wide(page) == []


#: URLs of the admin that are not pages of their own: redirects, scripts, downloads and fragments.
_NO_DESK_PAGES = {
    *(
        "login",
        "password_change_done",
        "jsi18n",
        "view_on_site",
        "shipping_shipment_document",
    ),
    *("operations_failuregroup_live", "operations_failuregroup_live_one", "operations_queues_live", "shop_fault_live"),
    *("operations_bulk_csv", "operations_bulk_progress", "operations_failedtask_export"),
    "operations_failedtask_undo",  # as the other confirmations
    *("shop_invoice_pdf", "shop_creditnote_pdf"),
    "password_change",  # has an example; config.urls wraps it under no name
}


@pytest.mark.django_db
def test_every_page_of_the_desk_has_an_example(admin_client):
    shown = {_name_of(example) for example in (*DESK_PAGES, *OPERATOR_PAGES)}
    missing = {name for name in _desk_urls() if name not in shown and not _is_refused(admin_client, name)}
    assert missing == _NO_DESK_PAGES


def _desk_urls() -> set[str]:
    patterns: list[Any] = list(site.urls[0])
    for pattern in patterns:
        patterns += getattr(pattern, "url_patterns", [])
    return {pattern.name for pattern in patterns if getattr(pattern, "name", None)}


def _name_of(example: Example) -> str:
    """The URL name behind an example, whose ids may be numbers or UUIDs."""
    paths = [re.sub(r"{\w+}", id_, example.path.partition("?")[0]) for id_ in ("1", _UUID)]
    return next((name for name in (resolve(path).url_name for path in paths) if name), "")


def _is_refused(client: Client, name: str) -> bool:
    """Whether a GET by a superuser is refused: the page acts only on POST, or nobody may add or delete such rows."""
    for arguments in ([], ["1"], [_UUID], [_UUID, "label"]):
        try:
            url = reverse(f"admin:{name}", args=arguments)
        except NoReverseMatch:
            continue
        return client.get(url).status_code in (403, 405)
    raise AssertionError(f"{name} takes unknown arguments")
