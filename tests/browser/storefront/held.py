"""Answers that reach the page late."""

from collections.abc import Callable

from playwright.sync_api import Page, Route

from tests.patience import wait_for


def hold(page: Page, url: str, *, ask: Callable[[], object]) -> Callable[[], None]:
    """Let `ask` send a request to `url` whose answer reaches the page only when the result is called."""
    held: list[Callable[[], None]] = []

    def keep(route: Route) -> None:
        headers = {name: value for name, value in route.request.headers.items() if name != "if-none-match"}
        answer = route.fetch(headers=headers)
        held.append(lambda: route.fulfill(response=answer))

    def is_held() -> bool:
        page.wait_for_timeout(50)  # in which Playwright calls `keep`
        return bool(held)

    page.route(url, keep, times=1)
    ask()
    wait_for(is_held, what=f"{url} is asked for")
    return held[0]
