"""Quality of every storefront page: accessibility, layout shift, overflow and browser errors, in light and dark.

`make audit-pages` checks more widths and runs Lighthouse.
"""

import time

import pytest
from django.test import Client
from django.urls import NoReverseMatch, reverse
from playwright.sync_api import Route

from shop.urls import urlpatterns
from tests.browser import ONE_BACKEND
from tests.quality.checks import MAX_SHIFT, layout_shift, too_wide
from tests.quality.inspection import inspect
from tests.quality.pages import EXAMPLES, NOT_PAGES, Example, Visitor
from tests.quality.scenario import Scenario

#: Seconds that a font takes on a slow connection.
_FONT_DELAY = 0.5
_SCENARIOS: dict[str, Scenario] = {}
_ARGUMENTS: tuple[dict[str, str | int], ...] = (
    {},
    {"slug": "x"},
    {"public_id": "x"},
    {"pk": 1},
    {"token_key": "x"},
    {"uidb64": "x", "token": "y"},
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
