"""Middleware that rejects request bodies over the limit before reading them."""

import re
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.translation import gettext as _

from messaging.operations.api.problems import Problem
from shop.pictures.decoding import MAX_BYTES, too_large

_PRODUCT_FORM = re.compile(r"/admin/shop/product/(?:add|[^/]+/change)/")
_DIGITS = 18  # Python refuses to parse very long numbers


class BodyLimitMiddleware:
    """413 above `DATA_UPLOAD_MAX_MEMORY_SIZE`, and for chunked bodies, whose size is not known in advance.

    The admin's form of a product may carry a picture as well. Django keeps that in a file, and the rest to the limit.

    Django's own limit applies later, and not to JSON that REST framework reads from the stream.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not (request.META.get("CONTENT_LENGTH") or "").isdecimal():
            request.META["CONTENT_LENGTH"] = ""  # Django has taken the body for empty, but would fail when it is read
        error = _error(request)
        return _rejection(request, error) if error else self.get_response(request)


def _error(request: HttpRequest) -> str:
    length = request.META.get("CONTENT_LENGTH") or ""
    if length.isdecimal():
        size = int(length) if len(length) <= _DIGITS else 10**_DIGITS
        return _size_error(size, has_picture=_carries_picture(request))
    if request.META.get("HTTP_TRANSFER_ENCODING"):
        return _("Send the request with a Content-Length header, not in chunks.")
    return ""


def _size_error(size: int, *, has_picture: bool) -> str:
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0
    if size <= limit + (MAX_BYTES if has_picture else 0):
        return ""
    return too_large(size) if has_picture else _("The request is larger than {limit} KiB.").format(limit=limit // 1024)


def _carries_picture(request: HttpRequest) -> bool:
    return request.content_type == "multipart/form-data" and _PRODUCT_FORM.fullmatch(request.path_info) is not None


def _rejection(request: HttpRequest, error: str) -> HttpResponse:
    if request.path_info.startswith("/api/"):
        return Problem(413, kind="too-large", detail=error).response()
    return HttpResponse(error, status=413, content_type="text/plain; charset=utf-8")
