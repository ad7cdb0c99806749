"""The documents of this code, of messages and of the API, and those of the last release."""

import json
from typing import Any

from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer

from messaging.operations.contracts import asyncapi
from messaging.payloads import registered_payloads
from tests.stack.program import PROJECT

RELEASED = PROJECT / "docs" / "reference" / "schemas"


def messages() -> dict[str, Any]:
    """The AsyncAPI document, without what other tests have declared."""
    own = [payload for task, payload in registered_payloads().items() if not task.startswith("tests.")]
    found: dict[str, Any] = json.loads(json.dumps(asyncapi.document(own)))
    return found


def api() -> dict[str, Any]:
    """The OpenAPI document."""
    found: dict[str, Any] = json.loads(OpenApiJsonRenderer().render(SchemaGenerator().get_schema(public=True)))
    return found


def released(name: str) -> dict[str, Any]:
    """The document `name` of the last release."""
    found: dict[str, Any] = json.loads((RELEASED / f"{name}.json").read_text())
    return found
