"""Texts that may be blank, in the API's schema."""

from typing import Any

_BLANK = {"type": "string", "maxLength": 0}


def accept_any(result: Any, **_context: Any) -> Any:
    """A hook of drf-spectacular, whose `oneOf` would refuse a blank text where the field's own pattern allows it."""
    nodes = [result]
    while nodes:
        node = nodes.pop()
        if isinstance(node, dict):
            if _BLANK in node.get("oneOf", ()):
                node["anyOf"] = node.pop("oneOf")
            nodes += node.values()
        elif isinstance(node, list):
            nodes += node
    return result
