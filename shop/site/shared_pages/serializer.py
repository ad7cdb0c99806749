"""Serializer of Django's Redis cache."""

import json
from typing import Any


class Json:
    """JSON instead of pickle: whoever can write to the cache must not be able to run code in the web server."""

    def dumps(self, value: Any) -> bytes:
        return json.dumps(value, ensure_ascii=False).encode()

    def loads(self, stored: bytes) -> Any:
        """None for anything else than JSON, as for a missing entry."""
        try:
            return json.loads(stored)
        except Exception:
            return None
