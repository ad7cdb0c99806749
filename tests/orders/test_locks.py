"""Locks of orders: nobody who only refers to one waits for them."""

import re
from typing import Final

from tests.stack.program import PROJECT

_APPS: Final = ("orders", "payments", "shipping", "shop", "extensions")
#: A lock of orders that takes their key, too, for which every row waits that refers to one.
_WITH_KEY: Final = re.compile(r"(Order\.objects|orders_of\(|guest_orders\()[^\n]*select_for_update\((?!no_key=True)")


def test_orders_are_locked_without_their_key():
    sources = [path for app in _APPS for path in (PROJECT / app).rglob("*.py")]
    assert len(sources) > 100
    assert [str(path) for path in sources if _WITH_KEY.search(path.read_text())] == []
