"""Values that every database stores: PostgreSQL refuses NUL and halves of surrogate pairs, in text and in JSON."""

import math
from collections.abc import Mapping
from typing import Any


def plain(value: Any) -> Any:
    """Convert to JSON types: AMQP tables, for one, may hold datetimes, bytes, and any key.

    `value` is shallow; a caller that cannot know asks `tolerance`.
    """
    if isinstance(value, Mapping):
        return {text(name): plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if value is None or isinstance(value, bool | int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    return text(value)


def text(value: Any) -> str:
    """Without NUL and halves of surrogate pairs."""
    written = value if isinstance(value, str) else str(value)
    return written.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\x00", "\ufffd")
