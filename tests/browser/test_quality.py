"""Is every page of the shop usable by everyone, at every width, in light and dark, and quiet and quick to load?

`make audit-pages` asks the same at more widths, and has Lighthouse rate the pages.
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
from tests.quality.pages import EXAMPLES, NO_PAGES, Example, Visitor
from tests.quality.stage import Stage

#: Seconds that a font takes on a bad line.
_LATE = 0.5
_STAGES: dict[str, Stage] = {}
_ARGUMENTS: tuple[dict[str, str | int], ...] = ({}, {"slug": "x"}, {"public_id": "x"}, {"pk": 1})


@pytest.fixture
def stage(stack, browser):
    """Set once for all pages, since each order takes its time."""
    if stack.alias not in _STAGES:
        _STAGES[stack.alias] = Stage(stack, browser)
    return _STAGES[stack.alias]


@ONE_BACKEND
@pytest.mark.parametrize(
    "example", [pytest.param(example, id=example.slug) for example in EXAMPLES if not example.only_staged]
)
def test_a_page_has_nothing_to_mend(stage, example: Example):
    assert inspect(stage, example, widths=[390]).faults == []


@ONE_BACKEND
@pytest.mark.parametrize("path", ["/", "/search/?q=qqqqzzzz", "/about/", "/products/studio-guitar/"])
def test_nothing_moves_where_the_letters_come_late(stage, path: str):
    def late(route: Route) -> None:
        time.sleep(_LATE)
        route.continue_()

    with stage.page(Visitor.GUEST, viewport={"width": 390, "height": 844}) as page:
        page.route("**/*.woff2", late)
        page.goto(stage.stack.url + path)
        page.wait_for_timeout(4 * _LATE * 1000)
        assert layout_shift(page) < MAX_SHIFT


@pytest.mark.django_db
@pytest.mark.parametrize("name", [pattern.name for pattern in urlpatterns])
def test_every_page_has_an_example(name: str):
    if name in {example.view for example in EXAMPLES} | set(NO_PAGES):
        return
    answer = Client().get(_address(name))
    assert answer.status_code == 405, f"{name} answers a GET: add an example of it to tests/quality/pages.py"


def test_no_example_outlives_its_page():
    names = {pattern.name for pattern in urlpatterns}
    assert {example.view for example in EXAMPLES if example.view} | set(NO_PAGES) <= names


def _address(name: str) -> str:
    for arguments in _ARGUMENTS:
        try:
            return reverse(f"shop:{name}", kwargs=arguments)
        except NoReverseMatch:
            continue
    raise AssertionError(f"{name} takes arguments that this test does not know: add them to _ARGUMENTS")


_IN_GERMAN = ("home", "category", "product", "basket", "checkout", "order", "account", "about", "delivery")


@ONE_BACKEND
@pytest.mark.parametrize("view", _IN_GERMAN)
def test_long_german_words_fit_the_smallest_phone(stage, view: str):
    example = [one for one in EXAMPLES if one.view == view][-1]
    with stage.page(example.visitor, viewport={"width": 320, "height": 640}, locale="de-DE") as page:
        page.goto(stage.url(example))
        assert page.locator("html").get_attribute("lang") == "de"
        assert too_wide(page) == []
