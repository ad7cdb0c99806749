"""Tables of docs/reference/messages.md, made from the AsyncAPI document."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from tests.contracts import documents
from tests.stack.program import PROJECT

PAGE: Final = PROJECT / "docs" / "reference" / "messages.md"
BEGIN, END = "<!-- begin of what `make contracts` writes -->", "<!-- end of what `make contracts` writes -->"


def with_tables(page: str) -> str:
    """The page with its tables made anew."""
    before, _, rest = page.partition(BEGIN)
    return "\n".join([before + BEGIN, *_tables(documents.messages()), END + rest.partition(END)[2]])


def _tables(document: Mapping[str, Any]) -> Iterator[str]:
    yield from ("", "| task | does | fields | version |", "|---|---|---|---|")
    for task, message in document["components"]["messages"].items():
        fields = ", ".join(_fields(document, task)) or "none"
        yield f"| `{task}` | {message['summary']} | {fields} | {message['x-schema-version']} |"
    yield from ("", "| routing key | queue | tasks |", "|---|---|---|")
    for channel in document["channels"].values():
        if channel["bindings"]["amqp"]["is"] == "routingKey":
            tasks = ", ".join(f"`{task}`" for task in channel["messages"])
            queue = channel["description"].removeprefix("Leads to the queue ").rstrip(".")
            yield f"| `{channel['address']}` | `{queue}` | {tasks} |"
    yield from ("", "| header | value |", "|---|---|")
    headers = document["components"]["messageTraits"]["headers"]["headers"]["properties"]
    for name, schema in headers.items():
        yield f"| `{name}` | {_kind(document, schema)}{_text(schema)} |"
        for inner, part in schema.get("properties", {}).items():
            yield f"| `{name}`: `{inner}` | {_kind(document, part)}{_text(part)} |"


def _fields(document: Mapping[str, Any], task: str) -> Iterator[str]:
    schema = document["components"]["schemas"][task]
    for name, part in schema.get("properties", {}).items():
        optional = "" if name in schema.get("required", ()) else ", optional"
        yield f"`{name}` ({_kind(document, part)}{optional})"


def _kind(document: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return _kind(document, document["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    if "anyOf" in schema:
        return " or ".join(_kind(document, part) for part in schema["anyOf"])
    if values := schema.get("enum", [schema["const"]] if "const" in schema else []):
        return " or ".join(f"`{value}`" for value in values)
    types = schema.get("type", "anything")
    return schema.get("format") or (types if isinstance(types, str) else " or ".join(types))


def _text(schema: Mapping[str, Any]) -> str:
    return f": {schema['description']}" if "description" in schema else ""
