"""Errors that the browser reports but a visitor does not see."""

from playwright.sync_api import ConsoleMessage, Error, Page, Request, Response

# The browser aborts pending requests when it leaves a page, such as the order page's polling.
_ABORTED = "net::ERR_ABORTED"


class BrowserErrors(list[str]):
    """Console errors and warnings, script exceptions, and failed requests, each with its URL."""

    def listen_to(self, page: Page) -> None:
        page.on("console", self._on_console)
        page.on("pageerror", self._on_exception)
        page.on("requestfailed", self._on_failed_request)
        page.on("response", self._on_response)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.append(f"{message.type}: {message.text} ({message.location['url']})")

    def _on_exception(self, error: Error) -> None:
        self.append(f"exception: {error}")

    def _on_failed_request(self, request: Request) -> None:
        if request.failure != _ABORTED:
            self.append(f"{request.failure}: {request.method} {request.url}")

    def _on_response(self, response: Response) -> None:
        if response.status >= 400:
            self.append(f"{response.status}: {response.request.method} {response.url}")
