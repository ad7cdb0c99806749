"""Errors of the API as problem details (RFC 9457).

`type` names the kind of problem for programs, `title` and `detail` are for people, and `errors` maps the path of a
field, such as `lines.0.quantity`, to sentences about it.
"""

import logging
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.views import set_rollback

from orders.errors import IllegalTransition
from payments.gateways import UnknownPaymentMethod
from shop.checkout.idempotency import KeyReused
from shop.stock.services import OutOfStock

MEDIA_TYPE = "application/problem+json"
_TYPE = "urn:conveyor:problem:"
_BODY = "body"

Errors = Mapping[str, list[str]]
log = logging.getLogger("django.request")


class Problem(Exception):
    """A refusal that the API's client shall read. `kind` ends its type; `errors` maps fields to sentences."""

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


def invalid(errors: Errors) -> Problem:
    """400: the request is understood but a field of it is refused."""
    fields = ", ".join(list(errors)[:5]) or _BODY
    return Problem(
        400,
        kind="invalid",
        title=_("The request was refused"),
        detail=_("Nothing was changed. Please correct: {fields}.").format(fields=fields),
        errors=errors,
    )


def conflict(kind: str, detail: str, errors: Errors | None = None) -> Problem:
    """409: right in itself, but not as things stand now."""
    return Problem(409, kind=kind, title=_("Not as things stand now"), detail=detail, errors=errors)


def key_reused() -> Problem:
    detail = _("This Idempotency-Key was used for another request. Use a new key for a new one.")
    return Problem(422, kind="key-reused", detail=detail, errors={"Idempotency-Key": [detail]})


def unexpected() -> Problem:
    return Problem(
        500,
        kind="unexpected",
        title=_("Something went wrong on our side"),
        detail=_("The error was recorded and nothing was half written. Trying again with the same key is safe."),
    )


def exception_handler(exc: Exception, context: dict[str, Any]) -> HttpResponse:
    """REST framework's `EXCEPTION_HANDLER`. A bug is logged with its traceback and shown without."""
    set_rollback()
    problem = as_problem(exc)
    if problem is None:
        request = context.get("request")
        path = getattr(request, "path", "")
        log.error("Internal Server Error: %s", path, exc_info=exc, extra={"status_code": 500, "request": request})
        problem = unexpected()
    return problem.response()


def as_problem(exc: Exception) -> Problem | None:
    """The problem that an expected exception stands for, or None for a bug."""
    if isinstance(exc, Problem):
        return exc
    if isinstance(exc, exceptions.ValidationError):
        return invalid(flatten(exc.detail))
    if isinstance(exc, exceptions.APIException):
        return _of_framework(exc)
    if isinstance(exc, Http404):
        return Problem(404, detail=_("There is nothing at this address."))
    if isinstance(exc, PermissionDenied):
        return Problem(403, detail=_("You may not do this."))
    return _of_domain(exc)


def _of_framework(exc: exceptions.APIException) -> Problem:
    headers = {}
    if auth_header := getattr(exc, "auth_header", None):
        headers["WWW-Authenticate"] = auth_header
    if wait := getattr(exc, "wait", None):
        headers["Retry-After"] = str(round(wait))
    return Problem(exc.status_code, detail=str(exc.detail), headers=headers)


def _of_domain(exc: Exception) -> Problem | None:
    if isinstance(exc, OutOfStock):
        sentence = _("{sku}: {wanted} wanted, {left} left.").format(sku=exc.sku, wanted=exc.wanted, left=exc.left)
        return conflict("out-of-stock", _("Not enough in stock. {what}").format(what=sentence), {"lines": [sentence]})
    if isinstance(exc, IllegalTransition):
        return conflict("illegal-transition", str(exc))
    if isinstance(exc, UnknownPaymentMethod):
        return invalid({"payment_method": [str(exc)]})
    if isinstance(exc, KeyReused):
        detail = _("This Idempotency-Key was used for another order. Use a new key for a new order.")
        return Problem(422, kind="key-reused", detail=detail, errors={"Idempotency-Key": [detail]})
    return None


def flatten(detail: Any) -> dict[str, list[str]]:
    """REST framework's nested errors as one level, such as `{"lines.0.sku": ["…"]}`."""
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


def locked_out(request: HttpRequest, *_details: Any) -> HttpResponse:
    """axes' `AXES_LOCKOUT_CALLABLE`: too many wrong passwords for one name from one address."""
    detail = _("Too many wrong passwords. Please try again in a quarter of an hour.")
    if request.path.startswith("/api/"):
        return Problem(429, detail=detail, headers={"Retry-After": "900"}).response()
    return HttpResponse(detail, status=429, content_type="text/plain; charset=utf-8", headers={"Retry-After": "900"})
