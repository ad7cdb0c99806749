"""What did a browser complain of that a visitor does not see?"""

from playwright.sync_api import ConsoleMessage, Error, Page, Request, Response

# The browser gives up requests of a page that is being left, for example the order page's question for news.
_LEFT = "net::ERR_ABORTED"


class Complaints(list[str]):
    """Errors and warnings of the console, exceptions of scripts, and requests that failed, each with its address."""

    def listen_to(self, page: Page) -> None:
        page.on("console", self._console)
        page.on("pageerror", self._script_failed)
        page.on("requestfailed", self._no_answer)
        page.on("response", self._answered)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.append(f"{message.type}: {message.text} ({message.location['url']})")

    def _script_failed(self, error: Error) -> None:
        self.append(f"exception: {error}")

    def _no_answer(self, request: Request) -> None:
        if request.failure != _LEFT:
            self.append(f"{request.failure}: {request.method} {request.url}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self.append(f"{response.status}: {response.request.method} {response.url}")
