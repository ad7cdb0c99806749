"""The tables in docs/reference/messages.md are those of the AsyncAPI document.

After a change of a payload, a queue or a header: `make contracts`.
"""

import os

from tests.contracts import documents
from tests.contracts.page import PAGE, with_tables


def test_the_page_is_current():
    page = PAGE.read_text()
    if os.environ.get("UPDATE_CONTRACTS"):
        PAGE.write_text(with_tables(page))
    assert PAGE.read_text() == with_tables(page), "run `make contracts`"


def test_a_table_that_is_out_of_date_is_found():
    """Whether or not the page itself is current, as `make contracts` may write it before or after this test."""
    current = with_tables(PAGE.read_text())
    stale = current.replace("`orders.send_email`", "`orders.send_letter`", 1)
    assert stale != current
    assert with_tables(stale) == current


def test_every_message_says_what_it_is_for():
    messages = documents.messages()["components"]["messages"]
    assert [task for task, message in messages.items() if not message["summary"].endswith(".")] == []
