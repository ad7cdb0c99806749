"""Errors of the API as problem documents (RFC 9457).

`type` identifies the problem for programs, `title` and `detail` are for people, and `errors` maps the path of a field,
such as `lines.0.quantity`, to messages about it.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from typing import Any

from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.views import set_rollback

MEDIA_TYPE = "application/problem+json"
_TYPE = "urn:conveyor:problem:"
_BODY = "body"

Errors = Mapping[str, list[str]]
log = logging.getLogger("django.request")


class Problem(Exception):
    """An error meant for the client. `kind` is the last part of its type; `errors` maps fields to messages."""

    def __init__(
        self,
        status: int,
        *,
        detail: str,
        kind: str = "",
        title: str = "",
        errors: Errors | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.detail = status, detail
        self.title = title or HTTPStatus(status).phrase
        self.kind = kind or self.title.lower().replace(" ", "-")
        self.errors, self.headers = dict(errors or {}), dict(headers or {})

    def document(self) -> dict[str, Any]:
        return {
            "type": _TYPE + self.kind,
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "errors": self.errors,
        }

    def response(self) -> HttpResponse:
        return JsonResponse(self.document(), status=self.status, content_type=MEDIA_TYPE, headers=self.headers)


Convert = Callable[[Exception], Problem | None]


def invalid(errors: Errors) -> Problem:
    """400: a field of the request is invalid."""
    fields = ", ".join(list(errors)[:5]) or _BODY
    return Problem(
        400,
        kind="invalid",
        title=_("Invalid request"),
        detail=_("Nothing was changed. Correct these fields: {fields}.").format(fields=fields),
        errors=errors,
    )


def conflict(kind: str, detail: str, errors: Errors | None = None) -> Problem:
    """409: the request is valid but conflicts with the current state."""
    return Problem(409, kind=kind, title=_("Conflict with the current state"), detail=detail, errors=errors)


def unexpected() -> Problem:
    return Problem(
        500,
        kind="unexpected",
        title=_("Internal error"),
        detail=_("The error was logged and nothing was changed. Retrying with the same Idempotency-Key is safe."),
    )


def exception_handler(exc: Exception, context: dict[str, Any], *, convert: Convert | None = None) -> HttpResponse:
    """REST framework's `EXCEPTION_HANDLER`. `convert` turns a project's own exceptions into problems, or returns None.

    An unexpected exception is logged with its traceback and answered without it.
    """
    set_rollback()
    problem = as_problem(exc) or (convert(exc) if convert else None)
    if problem is None:
        request = context.get("request")
        path = getattr(request, "path", "")
        log.error("Internal Server Error: %s", path, exc_info=exc, extra={"status_code": 500, "request": request})
        problem = unexpected()
    return problem.response()


def as_problem(exc: Exception) -> Problem | None:
    """The problem for an exception of Django or REST framework; None for any other."""
    if isinstance(exc, Problem):
        return exc
    if isinstance(exc, exceptions.ValidationError):
        return invalid(flatten(exc.detail))
    if isinstance(exc, exceptions.APIException):
        return _of_framework(exc)
    if isinstance(exc, Http404):
        return Problem(404, detail=_("Not found."))
    if isinstance(exc, BadRequest | SuspiciousOperation):  # such as a query of more than 1,000 parameters
        return Problem(400, detail=_("The request is invalid. Nothing was changed."))
    if isinstance(exc, PermissionDenied):
        return Problem(403, detail=_("You do not have permission to do this."))
    return None


def _of_framework(exc: exceptions.APIException) -> Problem:
    headers = {}
    if auth_header := getattr(exc, "auth_header", None):
        headers["WWW-Authenticate"] = auth_header
    if wait := getattr(exc, "wait", None):
        headers["Retry-After"] = str(round(wait))
    return Problem(exc.status_code, detail=str(exc.detail), headers=headers)


def flatten(detail: Any) -> dict[str, list[str]]:
    """REST framework's nested errors flattened, such as `{"lines.0.sku": ["…"]}`."""
    errors: dict[str, list[str]] = {}
    for path, sentence in _leaves(detail, ""):
        errors.setdefault(path or _BODY, []).append(sentence)
    return errors


def _leaves(detail: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(detail, Mapping):
        for key, value in detail.items():
            yield from _leaves(value, path if key == "non_field_errors" else f"{path}.{key}".lstrip("."))
    elif isinstance(detail, list):
        for index, value in enumerate(detail):
            deeper = isinstance(value, (Mapping, list))
            yield from _leaves(value, f"{path}.{index}".lstrip(".") if deeper else path)
    else:
        yield path, str(detail)
