"""Paths of URLs as they may be shown to whoever reads logs and traces: without what opens somebody's page."""

import re
from typing import Final

#: Characters that stay, so that lines about one page can be found.
KEPT: Final = 4
#: Paths are cut: anyone may send a long one.
MOST: Final = 500
#: An order's public id (`secrets.token_urlsafe`), or the token of a link to set a password.
_SECRET: Final = re.compile(
    r"(?<=/)(?:(?=[\w-]*[A-Z])(?=[\w-]*[a-z])[\w-]{20,64}|[0-9a-z]{1,13}-[0-9a-f]{32,64})(?=/|$)", re.ASCII
)


def private(path: str) -> str:
    """`/orders/q8Zt…/` for `/orders/q8ZtAcLkA1H3gDvo3kJ5Ww/`, whose reader could see the order."""
    return _SECRET.sub(lambda match: f"{match[0][:KEPT]}…", path[:MOST])
