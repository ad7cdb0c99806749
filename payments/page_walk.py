"""Walks through a gateway's list, one page a step: bounded, and given up where the pages lead in a circle."""

from typing import Final, TypedDict

from django.utils.translation import gettext_lazy

from messaging.hooks.next_steps import DISCARD, next_step
from payments.gateways.base import GatewayUnavailable

#: Pages of one walk. At a hundred records each, that is ten million.
MOST_PAGES: Final = 100_000


@next_step(
    gettext_lazy("The gateway's list has no end; what it named before that was compared."),
    gettext_lazy("Report it to the gateway. The next run reads the list from its beginning; discard the message."),
    action=DISCARD,
)
class EndlessList(GatewayUnavailable):
    """The gateway's pages lead in a circle, or there are more than any list has."""

    def __init__(self, message: str = "The gateway's list of records has no end.") -> None:
        super().__init__(message, concerns_all=False)


class Position(TypedDict):
    """The page to read next, how many were read, and one of those, which must not come again."""

    page: str
    pages: int
    mark: str


def advance(*, to: str, pages: int, mark: str) -> Position:
    """The position after one more page, whose next page is `to`; empty: it was the last. Raises `EndlessList`.

    Richard Brent's algorithm finds every circle without keeping all pages: the mark moves on after 1, 2, 4, 8, ...
    """
    pages += 1
    if to and (to == mark or pages >= MOST_PAGES):
        raise EndlessList
    return Position(page=to, pages=pages, mark=to if pages.bit_count() == 1 else mark)
