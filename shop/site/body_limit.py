"""Middleware that refuses request bodies over the limit before they are read."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.translation import gettext as _

from messaging.operations.api.problems import Problem

_DIGITS = 18  # beyond which Python may refuse to read a number at all


class BodyLimitMiddleware:
    """413 above `DATA_UPLOAD_MAX_MEMORY_SIZE`, and for a body in chunks, whose size nobody can know beforehand.

    Django's own limit comes later and spares JSON that REST framework reads from the stream.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        fault = _fault(request)
        return _refusal(request, fault) if fault else self.get_response(request)


def _fault(request: HttpRequest) -> str:
    length = request.META.get("CONTENT_LENGTH") or ""
    if length.isdecimal():
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0
        too_large = len(length) > _DIGITS or int(length) > limit
        return _("The request is larger than {limit} KiB.").format(limit=limit // 1024) if too_large else ""
    if request.META.get("HTTP_TRANSFER_ENCODING"):
        return _("Say how large the request is: send it with Content-Length, not in chunks.")
    return ""


def _refusal(request: HttpRequest, fault: str) -> HttpResponse:
    if request.path_info.startswith("/api/"):
        return Problem(413, kind="too-large", detail=fault).response()
    return HttpResponse(fault, status=413, content_type="text/plain; charset=utf-8")
