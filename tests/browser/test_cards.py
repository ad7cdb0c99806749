"""Does every test card, and every city with a story, end on the order's page with the words that were promised?"""

import re
from dataclasses import dataclass

import pytest
from playwright.sync_api import expect

from tests.browser import ONE_BACKEND
from tests.browser.shopper import SHIPPED, buy, status

pytestmark = ONE_BACKEND

# Milliseconds. A worker that is killed five times is the slowest.
_PATIENCE = 120_000
_PLACED = re.compile("^placed$")
_PERSON = "Waiting for our team to look into it"


@dataclass(frozen=True)
class Story:
    """What is bought, the words of the timeline, and the state in which the order then is."""

    method: str
    words: tuple[str, ...]
    state: re.Pattern[str]
    city: str = "York"


STORIES = (
    Story("pm_crash", (r"Processing was interrupted; retrying at \d\d:\d\d \S+ \(attempt 2 of 5\)", _PERSON), _PLACED),
    Story("pm_card_visa", ("Card charged", "Handed to Swiftpost, tracking number SP"), SHIPPED),
    Story(
        "pm_card_declined",
        (r"The bank declined the card\. You can pay with another one",),
        re.compile("^payment_failed$"),
    ),
    Story(
        "pm_flaky_2",
        (r"The bank did not answer; retrying at \d\d:\d\d \S+ \(attempt 3 of 5\)", "Card charged"),
        SHIPPED,
    ),
    Story("pm_outage", (r"The bank did not answer; retrying at \d\d:\d\d \S+ \(attempt 5 of 5\)", _PERSON), _PLACED),
    Story("pm_lost_reply", (r"The bank did not answer; retrying .* \(attempt 2 of 5\)", "Card charged"), SHIPPED),
    Story("pm_bug", (_PERSON,), _PLACED),
    Story("pm_slow_5", ("Card charged",), SHIPPED),
    Story(
        "pm_card_visa",
        (r"The carrier did not answer; retrying at \d\d:\d\d \S+ \(attempt 3 of 5\)", "Handed to Swiftpost"),
        SHIPPED,
        city="Flakytown",
    ),
    Story(
        "pm_card_visa", (r"The carrier did not answer; .* \(attempt 5 of 5\)", _PERSON), re.compile("^paid$"), "Nowhere"
    ),
)


@pytest.mark.timeout(400)
def test_every_card_and_city_ends_with_the_promised_words(visit):
    """All at once, since most of the time is waiting."""
    pages = [(story, visit("/")) for story in STORIES]
    for story, page in pages:
        buy(page, method=story.method, city=story.city)
    for story, page in reversed(pages):
        for words in story.words:
            expect(page.locator("#timeline")).to_contain_text(re.compile(words), timeout=_PATIENCE)
        expect(status(page)).to_have_attribute("data-status", story.state, timeout=_PATIENCE)
