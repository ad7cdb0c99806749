"""Decorator of views whose page is the same for all visitors."""

from collections.abc import Callable, Mapping
from functools import wraps
from hashlib import blake2b
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.utils.timezone import get_current_timezone_name
from django.utils.translation import get_language

from shop.site.shared_pages.page import Page
from shop.site.shared_pages.pieces import CSRF_TOKEN, PIECES, Piece
from shop.site.shared_pages.request import SharedRequest
from shop.site.shared_pages.store import PageStore

View = Callable[..., HttpResponse]


def shared_page(
    *, slots: int, parameters: tuple[str, ...] = (), pieces: Mapping[str, Piece] | None = None
) -> Callable[[View], Callable[..., HttpResponseBase]]:
    """Let a view render its page once for all visitors of a language and a time zone. It gets a `SharedRequest`.

    At most `slots` pages are stored. Of the query string the view gets `parameters` only. `pieces` are those of this
    page beside the ones of every page; the view puts `request.gap(name)` into the context.
    """

    def decorate(view: View) -> Callable[..., HttpResponseBase]:
        own = pieces or {}
        store = PageStore(view.__name__, slots=slots, pieces=PIECES.keys() | own.keys())

        @wraps(view)
        def shared_view(request: HttpRequest, **arguments: Any) -> HttpResponseBase:
            shared = SharedRequest(path=request.path, query=_normalised(request.GET, parameters))
            page = store.page(_key(shared, own), lambda: Page.of(view(shared, **arguments).content.decode(), shared))
            return _answer(request, page, _filling(request, page, own, arguments))

        return shared_view

    return decorate


def _key(shared: SharedRequest, own: Mapping[str, Piece]) -> str:
    """All that a page depends on beside the catalogue. A release with other pieces has pages of its own."""
    names = sorted(PIECES.keys() | own.keys())
    return "\n".join((shared.get_full_path(), get_language() or "", get_current_timezone_name(), *names))


def _normalised(query: QueryDict, parameters: tuple[str, ...]) -> QueryDict:
    """The last value of each known parameter, in a fixed order, without empty ones."""
    kept = QueryDict(mutable=True)
    for name in parameters:
        if value := query.get(name):
            kept[name] = str(value)
    return kept


def _filling(request: HttpRequest, page: Page, own: Mapping[str, Piece], arguments: dict[str, Any]) -> dict[str, str]:
    return {
        name: own[name](request, **arguments) if name in own else PIECES[name](request)
        for name in dict.fromkeys(page.names)
    }


def _answer(request: HttpRequest, page: Page, pieces: dict[str, str]) -> HttpResponseBase:
    """304 if the visitor has this page with these pieces. A browser may keep it, but has to ask each time."""
    etag = _etag(request, page, pieces)
    response = get_conditional_response(request, etag=etag) or HttpResponse(page.filled(pieces))
    response["ETag"] = etag
    response["Cache-Control"] = "private, no-cache"
    patch_vary_headers(response, ("Cookie", "HX-Request"))
    return response


def _etag(request: HttpRequest, page: Page, pieces: dict[str, str]) -> str:
    """A token is masked anew for each response; what counts is the secret in it, which changes at a sign-in."""
    secret = {CSRF_TOKEN: request.META["CSRF_COOKIE"]} if CSRF_TOKEN in pieces else {}
    parts = [page.digest, *(f"{name}={value}" for name, value in (pieces | secret).items())]
    key = settings.SECRET_KEY.encode()[:64]
    return f'W/"{blake2b(chr(0).join(parts).encode(), key=key, digest_size=16).hexdigest()}"'
