"""A browser as simple as possible: cookies, forms with their token, redirects."""

import re
import urllib.error
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar

TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')
#: Seconds.
PATIENCE = 60.0


class Unexpected(Exception):
    """An answer that the shop should not have given."""


class Browser:
    """One visitor of the shop at `url`, with cookies of its own."""

    def __init__(self, url: str) -> None:
        self._url = url
        cookies = urllib.request.HTTPCookieProcessor(CookieJar())
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), cookies)

    def get(self, path: str) -> str:
        return self._open(path, None)

    def post(self, path: str, *, seen: str, **fields: str) -> str:
        """Send a form of the page `seen`."""
        found = TOKEN.search(seen)
        if found is None:
            raise Unexpected(f"{path}: the page has no form")
        return self._open(path, urllib.parse.urlencode({"csrfmiddlewaretoken": found[1], **fields}).encode())

    def sign_in(self, username: str, password: str = "") -> None:
        """Demo users have their name as password."""
        path = "/account/login/"
        self.post(path, seen=self.get(path), username=username, password=password or username)

    def _open(self, path: str, data: bytes | None) -> str:
        url = self._url + path
        request = urllib.request.Request(url, data=data, headers={"Referer": url})  # noqa: S310 - a local URL
        try:
            with self._opener.open(request, timeout=PATIENCE) as response:
                return str(response.read().decode(errors="replace"))
        except urllib.error.HTTPError as error:
            with error:
                raise Unexpected(f"{path}: {error.code}") from None
