"""Browser tests: the storefront and the operators' pages in Chromium, with the real processes behind them."""

import pytest

#: Pages are the same on both backends; `tests/flows` covers what differs behind them.
ONE_BACKEND = pytest.mark.parametrize("stack", ["embedded"], indirect=True)
