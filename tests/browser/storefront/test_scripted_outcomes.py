"""Test cards and scripted cities: the order page shows the documented outcome."""

import re
from dataclasses import dataclass

from playwright.sync_api import expect

from tests.browser import ONE_BACKEND
from tests.browser.steps import SHIPPED, buy, status

pytestmark = ONE_BACKEND

_PLACED = re.compile("^placed$")
_DEAD = "Waiting for our team to look into it"


@dataclass(frozen=True)
class Outcome:
    """A payment method and city, with the expected timeline entries and order status."""

    method: str
    timeline: tuple[str, ...]
    status: re.Pattern[str]
    city: str = "York"


OUTCOMES = (
    Outcome(
        "pm_crash",
        (r"Processing was interrupted; retrying at \d\d:\d\d \S+ \(attempt 2 of 5\)", _DEAD),
        _PLACED,
    ),
    Outcome("pm_card_visa", ("Payment approved", "Handed to Swiftpost, tracking number SP"), SHIPPED),
    Outcome(
        "pm_card_declined",
        (r"The bank declined the card\. You can pay with another one",),
        re.compile("^payment_failed$"),
    ),
    Outcome(
        "pm_flaky_2",
        (r"The bank did not answer\. This has been resolved", "Payment approved"),
        SHIPPED,
    ),
    Outcome("pm_outage", (r"The bank did not answer; retrying at \d\d:\d\d \S+ \(attempt 5 of 5\)", _DEAD), _PLACED),
    Outcome("pm_lost_reply", (r"The bank did not answer\. This has been resolved", "Payment approved"), SHIPPED),
    Outcome("pm_bug", (_DEAD,), _PLACED),
    Outcome("pm_slow_5", ("Payment approved",), SHIPPED),
    Outcome(
        "pm_card_visa",
        (r"The carrier did not answer\. This has been resolved", "Handed to Swiftpost"),
        SHIPPED,
        city="Flakytown",
    ),
    Outcome(
        "pm_card_visa",
        (r"The carrier did not answer; .* \(attempt 5 of 5\)", _DEAD),
        re.compile("^paid$"),
        "Nowhere",
    ),
)


def test_every_card_and_city_shows_its_documented_outcome(visit):
    """All at the same time, since most of it is waiting."""
    pages = [(outcome, visit("/")) for outcome in OUTCOMES]
    for outcome, page in pages:
        buy(page, method=outcome.method, city=outcome.city)
    for outcome, page in reversed(pages):
        for text in outcome.timeline:
            expect(page.locator("#timeline")).to_contain_text(re.compile(text))
        expect(status(page)).to_have_attribute("data-status", outcome.status)
