"""Every endpoint of the API, found in its schema: hostile bodies, parameters and headers get a problem document."""

import json
import random
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from drf_spectacular.generators import SchemaGenerator
from knox.models import AuthToken

from tests.hostile.requests import CONTENT_TYPES, METHODS, TIMEOUT, Sender, headers, rounds
from tests.hostile.scene import Known, root
from tests.hostile.values import broken, json_body, text

pytestmark = [pytest.mark.django_db, TIMEOUT]
SCHEMA: Any = SchemaGenerator().get_schema(public=True)
ENDPOINTS = [(path, method) for path, methods in SCHEMA["paths"].items() for method in methods]


@pytest.fixture
def sender(known: Known) -> Sender:
    token = AuthToken.objects.create(root())[1]
    return Sender(Authorization=f"Token {token}")


def test_every_endpoint_answers_hostile_requests_with_a_problem(known: Known, sender: Sender):
    guest = Sender()
    for rng in rounds(4):
        for path, method in ENDPOINTS:
            operation = SCHEMA["paths"][path][method]
            address = _path(rng, path, known, odd=0.15) + _query(rng, operation)
            who = guest if rng.random() < 0.1 else sender
            response = who.send(method.upper(), address, **_body(rng, operation), headers=_headers(rng))
            if response.status_code >= 400 and path.startswith("/api/v1/"):
                assert response["Content-Type"].startswith("application/problem+json"), (path, response.content)
    assert sender.accepted > 0.2, sender.statuses


def test_other_methods_and_unknown_addresses_are_answered(known: Known, sender: Sender):
    for rng in rounds(1):
        for path in SCHEMA["paths"]:
            for method in METHODS:
                sender.send(method, _path(rng, path, known, odd=0.2))
            sender.send("GET", f"/api/{quote(text(rng), safe='')}/{quote(text(rng))}")
    assert sender.accepted > 0.1, sender.statuses


def _path(rng: random.Random, path: str, known: Known, *, odd: float) -> str:
    for name, values in known.items():
        given = rng.choice(values) if rng.random() >= odd else text(rng) or "-"
        path = path.replace(f"{{{name}}}", quote(given, safe=""))
    return path


def _query(rng: random.Random, operation: Any) -> str:
    names = [each["name"] for each in operation.get("parameters", []) if each["in"] == "query"]
    pairs = [(name, text(rng)) for name in (*names, "lang", text(rng)) if rng.random() < 0.4]
    pairs += [("format", text(rng))] if rng.random() < 0.05 else []  # most formats are refused before the view
    return f"?{urlencode(pairs, errors='replace')}" if pairs else ""


def _headers(rng: random.Random) -> dict[str, str]:
    return headers(rng) if rng.random() < 0.2 else {}


def _body(rng: random.Random, operation: Any) -> dict[str, Any]:
    content = operation.get("requestBody", {}).get("content", {})
    if not content:
        return {"data": broken(rng, b"{}"), "content_type": "application/json"} if rng.random() < 0.2 else {}
    example = _example(rng, next(iter(content.values()))["schema"])
    kind = rng.choice(CONTENT_TYPES) if rng.random() < 0.1 else "application/json"
    return {
        "data": json_body(rng, example) if rng.random() < 0.9 else json.dumps(example).encode(),
        "content_type": kind,
    }


def _example(rng: random.Random, schema: Any) -> Any:
    """A document of this schema; what the shop knows by name, such as products, has its real value."""
    while "$ref" in schema or "allOf" in schema or "oneOf" in schema:
        schema = schema.get("allOf", schema.get("oneOf", [schema]))[0]
        if "$ref" in schema:
            schema = SCHEMA["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if "enum" in schema:
        return rng.choice(schema["enum"])
    if schema.get("type") == "object":
        return {name: _REAL.get(name) or _example(rng, inner) for name, inner in schema.get("properties", {}).items()}
    if schema.get("type") == "array":
        return [_example(rng, schema["items"])]
    return {"integer": 1, "number": 0.5, "boolean": True}.get(schema.get("type"), "a")


_REAL = {"sku": "LAMP", "email": "ada@example.com", "country": "CH", "payment_method": "pm_card_visa"}
