"""Examples of the API: every request and response body has one, and each is valid by its schema."""

from collections.abc import Iterator
from datetime import datetime
from functools import cache
from typing import Any

from jsonschema import Draft4Validator, FormatChecker

from tests.contracts import documents

FORMATS = FormatChecker(["uuid", "email"])


@FORMATS.checks("date-time", raises=ValueError)
def is_time_with_zone(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


@cache
def document() -> dict[str, Any]:
    """The OpenAPI document, with its `nullable` as JSON Schema says it."""
    found: dict[str, Any] = standard(documents.api())
    return found


def standard(node: Any) -> Any:
    if isinstance(node, list):
        return [standard(item) for item in node]
    if not isinstance(node, dict):
        return node
    plain = {key: standard(value) for key, value in node.items() if key != "nullable"}
    return {"anyOf": [plain, {"type": "null"}]} if node.get("nullable") is True else plain


def bodies() -> Iterator[tuple[str, dict[str, Any]]]:
    """The name and the media type of every request and response body."""
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            parts = {"request": operation.get("requestBody", {}), **operation["responses"]}
            for name, part in parts.items():
                for media in part.get("content", {}).values():
                    yield f"{method.upper()} {path} {name}", media


def errors(schema: dict[str, Any], example: Any) -> list[str]:
    schema = {"allOf": [schema], "components": document()["components"]}
    found = Draft4Validator(schema, format_checker=FORMATS).iter_errors(example)
    return [f"{error.json_path}: {error.message}" for error in found]


def test_every_body_has_an_example():
    assert [name for name, media in bodies() if "example" not in media] == []


def test_every_example_is_valid_by_its_schema():
    wrong = {name: found for name, media in bodies() if (found := errors(media["schema"], media.get("example")))}
    assert wrong == {}


def test_an_example_that_is_wrong_is_found():
    order = {"$ref": "#/components/schemas/Order"}
    example = next(media["example"] for _, media in bodies() if media["schema"] == order)
    assert errors(order, example) == []
    assert errors(order, example | {"status": "lost"})
    assert errors(order, {name: value for name, value in example.items() if name != "total"})
    assert errors(order, example | {"timeline": [{"at": "yesterday", "event": "paid", "text": ""}]})


def test_a_problem_has_the_status_of_its_response():
    for name, media in bodies():
        if media["schema"] == {"$ref": "#/components/schemas/Problem"}:
            assert name.endswith(f" {media['example']['status']}")
