"""Parts of the OpenAPI schema that several endpoints share."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse

from shop.api.outputs import ProblemOut
from shop.api.problems import MEDIA_TYPE

KEY = OpenApiParameter(
    name="Idempotency-Key",
    type=OpenApiTypes.STR,
    location=OpenApiParameter.HEADER,
    description="Makes sending the order again safe: the same key and body answer 200 with the same order. "
    "Orders without a token share their keys, so take a random one, such as a UUID.",
)

PAGE = OpenApiParameter(name="page", type={"type": "integer", "minimum": 1}, description="from 1")


def problems(*statuses: int) -> dict[Any, Any]:
    """Problem documents as the answers for these statuses, beside those that every endpoint can give."""
    return {(status, MEDIA_TYPE): OpenApiResponse(ProblemOut, _WHEN[status]) for status in (*statuses, 406)}


_WHEN = {
    400: "a field is refused; its name is in `errors`",
    401: "no token, or one that is not valid",
    403: "the token's owner may not do this",
    404: "there is no such thing",
    406: "only JSON is spoken here",
    409: "not as things stand now",
    413: "larger than 1 MiB",
    415: "not JSON",
    422: "the key was used for another order",
    429: "too many tries; `Retry-After` says when to go on",
}
BODY = (400, 413, 415)
STAFF = (401, 403)
