"""OpenAPI descriptions that all endpoints share."""

from collections.abc import Callable
from typing import Any, Never

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_serializer
from rest_framework import serializers

from messaging.operations.api.problems import MEDIA_TYPE

Decorator = Callable[[Any], Any]
Serializer = type[serializers.Serializer[Any]]


@extend_schema_serializer(component_name="Problem")
class ProblemOut(serializers.Serializer[Never]):
    """A problem document (RFC 9457)."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    errors = serializers.DictField(  # type: ignore[assignment]
        child=serializers.ListField(child=serializers.CharField())
    )


PAGE = OpenApiParameter(name="page", type={"type": "integer", "minimum": 1}, description="page number, from 1")


def problems(*statuses: int) -> dict[Any, Any]:
    """Problem documents as the responses for these statuses, besides those every endpoint can return."""
    return {(status, MEDIA_TYPE): OpenApiResponse(ProblemOut, _WHEN[status]) for status in (*statuses, 406)}


def describe_list(operation_id: str, output: Serializer, *, query: Serializer | None = None) -> Decorator:
    """A staff endpoint that returns pages of `output`, filtered by the parameters of `query`."""
    return extend_schema(
        operation_id=operation_id,
        parameters=[query, PAGE] if query else [PAGE],
        responses={200: output(many=True), **problems(*((400,) if query else ()), *STAFF, 404)},
    )


def describe_detail(operation_id: str, output: Serializer) -> Decorator:
    """A staff endpoint that returns one `output`."""
    return extend_schema(operation_id=operation_id, responses={200: output, **problems(*STAFF, 404)})


def describe_action(operation_id: str, request: Serializer, output: Serializer, *errors: int) -> Decorator:
    """A staff endpoint that takes a `request` body and may also return these errors."""
    return extend_schema(
        operation_id=operation_id, request=request, responses={200: output, **problems(*BODY, *STAFF, *errors)}
    )


_WHEN = {
    400: "a field is invalid; `errors` names it",
    401: "missing or invalid token",
    403: "the token's owner lacks the permission",
    404: "not found",
    406: "only JSON is available",
    409: "conflict with the current state",
    413: "larger than 1 MiB",
    415: "not JSON",
    422: "the Idempotency-Key was used for another request",
    429: "too many requests; `Retry-After` says when to retry",
}
BODY = (400, 413, 415)
STAFF = (401, 403)
