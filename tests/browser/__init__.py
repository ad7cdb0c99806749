"""Does the shop work in a real browser, for shoppers and operators, with its real processes behind it?"""

import pytest

#: The pages are the same on both backends; what happens behind them on each is what `tests/flows` prove.
ONE_BACKEND = pytest.mark.parametrize("stack", ["embedded"], indirect=True)
