"""What moves by itself: stopped by the visitor, or at rest within five seconds (WCAG 2.2.2)."""

from tests.browser import ONE_BACKEND
from tests.browser.steps import buy

pytestmark = ONE_BACKEND

#: Seconds until the end of what runs; Infinity for what never ends.
LONGEST = """Math.max(0, ...document.getAnimations()
    .filter(animation => animation.playState === "running")
    .map(animation => animation.effect.getComputedTiming().endTime / 1000))"""


def test_the_home_pages_belt_is_stopped_and_started_by_the_keyboard(visit):
    page = visit("/", reduced_motion="no-preference")
    assert page.evaluate(LONGEST) == float("inf")
    stop = page.get_by_label("Stop the belt")
    stop.focus()
    page.keyboard.press("Space")
    assert page.evaluate(LONGEST) <= 5
    page.keyboard.press("Space")
    assert page.evaluate(LONGEST) == float("inf")


def test_a_visitor_who_prefers_no_motion_has_nothing_to_stop(visit):
    page = visit("/")
    assert page.evaluate(LONGEST) <= 5
    assert not page.get_by_label("Stop the belt").is_visible()


def test_an_orders_page_comes_to_rest(visit):
    page = visit("/", reduced_motion="no-preference")
    buy(page)
    assert page.evaluate(LONGEST) <= 5
