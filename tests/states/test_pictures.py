"""The pictures in docs/reference/states.md are those of the transition tables.

After a change of a table, run this file with UPDATE_STATES=1, and say in the page what a new arrow means.
"""

import os

from tests.states.pictures import PAGE, drawn, redrawn
from tests.states.tables import TABLES


def test_the_pictures_are_those_of_the_tables():
    page = PAGE.read_text()
    if os.environ.get("UPDATE_STATES"):
        PAGE.write_text(page := redrawn(page))
    assert page == redrawn(page), "a table has changed: see the docstring above"


def test_every_table_has_a_picture():
    assert drawn(PAGE.read_text()) == {table.model._meta.label for table in TABLES.values()}


def test_an_arrow_keeps_its_text_and_one_that_the_table_does_not_have_goes():
    old = "    placed --> paid: x\n    paid --> placed\n"
    page = f"<!-- drawn from the transitions of orders.Order -->\n```mermaid\n{old}```\n"
    assert "    placed --> paid: x\n" in redrawn(page)
    assert "paid --> placed" not in redrawn(page)
