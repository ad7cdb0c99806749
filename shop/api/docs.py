"""OpenAPI parameters shared by several endpoints."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter

KEY = OpenApiParameter(
    name="Idempotency-Key",
    type=OpenApiTypes.STR,
    location=OpenApiParameter.HEADER,
    description="Makes retries safe: a repeated request with the same key and body returns 200 and the same order. "
    "Requests without a token share one key space, so use a random key such as a UUID.",
)
