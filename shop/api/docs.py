"""Parts of the OpenAPI schema that several endpoints share."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter

KEY = OpenApiParameter(
    name="Idempotency-Key",
    type=OpenApiTypes.STR,
    location=OpenApiParameter.HEADER,
    description="Makes a repeated request safe: the same key and body return 200 and the same order. "
    "Requests without a token share one key space, so use a random key, such as a UUID.",
)
