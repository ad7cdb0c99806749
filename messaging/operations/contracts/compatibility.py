"""Compatibility: what a new AsyncAPI or OpenAPI document breaks for those who rely on the stored one.

Every break is a sentence that names the change and what to do. What only adds is none.
"""

from collections.abc import Iterator
from typing import Any

from messaging.operations.contracts.schemas import Side, schema_breaks

Document = dict[str, Any]
_METHODS = ("get", "put", "post", "delete", "patch")


def breaks_of_messages(old: Document, new: Document) -> list[str]:
    """Breaks between two AsyncAPI documents: for messages that still wait, and for those who read or write queues."""
    return [*_message_breaks(old, new), *_channel_breaks(old, new), *_header_breaks(old, new)]


def _message_breaks(old: Document, new: Document) -> Iterator[str]:
    known = new["components"]["messages"]
    for task, message in old["components"]["messages"].items():
        if task not in known:
            yield (
                f"Message {task} was removed: those that still wait would become dead. "
                "Keep its task and payload until the release after the last one that sends it."
            )
        elif message["x-schema-version"] != known[task]["x-schema-version"]:
            if message["x-schema-version"] not in known[task]["x-lifted-from"]:
                yield (
                    f"Message {task}: schema version {message['x-schema-version']} cannot be lifted to "
                    f"{known[task]['x-schema-version']}. Raise `version`, and add the lift from the stored version."
                )
        else:
            for change in _form_breaks(message, known[task], roots=(old, new), path=task):
                yield f"Message {change}. Workers of both releases must read it: add a task beside this one."
            pair = [document["components"]["schemas"][task] for document in (old, new)]
            for change in _of_same_version(*pair, roots=(old, new), path=task):
                yield f"Message {change}. Raise the payload's `version` and add a lift from the stored one."


def _form_breaks(old: Document, new: Document, **where: Any) -> list[str]:
    """Of the body around the payload, which both sides name by reference: that of a Celery message."""
    found = [change for side in Side for change in schema_breaks(old["payload"], new["payload"], side=side, **where)]
    values = ((name, old.get(name), new.get(name)) for name in ("contentType", "correlationId", "bindings"))
    changed = (f"{where['path']}: its {name} changed from {old} to {new}" for name, old, new in values if old != new)
    return list(dict.fromkeys([*found, *changed]))


def _of_same_version(old: Document, new: Document, **where: Any) -> list[str]:
    """Within a version, new workers read what old relays sent, and old workers what new ones send."""
    both = (change for side in Side for change in schema_breaks(old, new, side=side, **where))
    added = sorted(new.get("properties", {}).keys() - old.get("properties", {}).keys())
    refused = (f"{where['path']}: the field {name} was added, which older workers refuse" for name in added)
    return list(dict.fromkeys([*both, *refused]))


def _channel_breaks(old: Document, new: Document) -> Iterator[str]:
    for name, channel in old["channels"].items():
        if name not in new["channels"]:
            yield f"Channel {name} was removed. Keep the queue, or the routing key, until nobody uses it."
        elif channel["bindings"] != new["channels"][name]["bindings"]:
            yield f"Channel {name}: its exchange or queue changed. Declare a new one, and drain this one first."
        elif channel["address"] != new["channels"][name]["address"]:
            yield f"Channel {name}: its address changed. Add a channel, and keep this one until nobody uses it."
        else:
            for task in sorted(set(channel["messages"]) - set(new["channels"][name]["messages"])):
                if task in new["components"]["messages"]:
                    yield (
                        f"Channel {name}: {task} is no longer sent there. "
                        "Keep its routing key, or let the task have a new name."
                    )


def _header_breaks(old: Document, new: Document) -> Iterator[str]:
    pair = [document["components"]["messageTraits"]["headers"]["headers"] for document in (old, new)]
    for change in schema_breaks(*pair, side=Side.RETURNS, roots=(old, new), path="headers"):
        yield f"Message {change}. Add a header beside it, and keep this one."


def breaks_of_api(old: Document, new: Document) -> list[str]:
    """Breaks between two OpenAPI documents, for clients that were written for the old one."""
    return [f"{found}. Keep it, or add another version of the API beside this one." for found in _api(old, new)]


def _api(old: Document, new: Document) -> Iterator[str]:
    for path, methods in old["paths"].items():
        for method in (name for name in methods if name in _METHODS):
            where = f"{method.upper()} {path}"
            operation = new["paths"].get(path, {}).get(method)
            if operation is None:
                yield f"Operation {where} was removed"
            else:
                yield from _operation_breaks(methods[method], operation, roots=(old, new), where=where)


def _operation_breaks(old: Document, new: Document, *, roots: tuple[Document, Document], where: str) -> Iterator[str]:
    if old["operationId"] != new["operationId"]:
        yield f"{where}: operationId {old['operationId']} became {new['operationId']}, which renames clients' methods"
    yield from _parameter_breaks(old, new, roots=roots, where=where)
    yield from _body_breaks(old, new, roots=roots, where=where)
    for status, response in old["responses"].items():
        if status not in new["responses"]:
            if status.startswith("2"):
                yield f"{where}: response {status} was removed"
            continue
        content = new["responses"][status].get("content", {})
        for kind, media in response.get("content", {}).items():
            if kind not in content:
                yield f"{where}: response {status} is no longer {kind}"
                continue
            schemas = media.get("schema", {}), content[kind].get("schema", {})
            yield from schema_breaks(*schemas, side=Side.RETURNS, roots=roots, path=f"{where} {status}")


def _parameter_breaks(old: Document, new: Document, *, roots: tuple[Document, Document], where: str) -> Iterator[str]:
    before, after = ({(p["in"], p["name"]): p for p in each.get("parameters", [])} for each in (old, new))
    for key, parameter in after.items():
        if parameter.get("required") and not before.get(key, {}).get("required"):
            yield f"{where}: parameter {key[1]} became required"
    for key, parameter in before.items():
        if key not in after:
            yield f"{where}: parameter {key[1]} was removed"
            continue
        schemas = parameter.get("schema", {}), after[key].get("schema", {})
        yield from schema_breaks(*schemas, side=Side.ACCEPTS, roots=roots, path=f"{where} ?{key[1]}")


def _body_breaks(old: Document, new: Document, *, roots: tuple[Document, Document], where: str) -> Iterator[str]:
    before, after = (each.get("requestBody", {}) for each in (old, new))
    if after.get("required") and not before.get("required"):
        yield f"{where}: the body became required"
    for kind, media in before.get("content", {}).items():
        if kind not in after.get("content", {}):
            yield f"{where}: a body of {kind} is no longer accepted"
            continue
        schemas = media.get("schema", {}), after["content"][kind].get("schema", {})
        yield from schema_breaks(*schemas, side=Side.ACCEPTS, roots=roots, path=f"{where} body")
