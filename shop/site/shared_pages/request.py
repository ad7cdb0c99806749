"""The request that shared pages are rendered with."""

import secrets

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, QueryDict
from django.utils.safestring import SafeString, mark_safe


class SharedRequest(HttpRequest):
    """A request of nobody: a path and a query, but no cookies, session, user, headers or host.

    So nothing that a view or a template reads can put a visitor's data on a page that others get.
    """

    htmx = False

    def __init__(self, *, path: str, query: QueryDict) -> None:
        super().__init__()
        self.method = "GET"
        self.path = self.path_info = path
        self.GET = query  # type: ignore[assignment]
        self.META["QUERY_STRING"] = query.urlencode()
        self.user = AnonymousUser()
        self._secret = secrets.token_hex(8)

    def gap(self, name: str) -> SafeString:
        """What a template shows where a piece goes. A text of the catalogue cannot contain it, as nobody knows it."""
        return mark_safe(f"gap-{self._secret}-{name}-")  # noqa: S308 - letters, digits and hyphens

    @property
    def gaps(self) -> str:
        """Pattern of all gaps, with the name as its group."""
        return rf"gap-{self._secret}-(\w+)-"
