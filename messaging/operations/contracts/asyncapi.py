"""AsyncAPI 3.0 document of everything that the relay sends and the workers receive, made from payloads and topology.

Source: https://www.asyncapi.com/docs/reference/specification/v3.0.0
"""

from collections.abc import Iterable
from typing import Any

from messaging.operations.contracts.wire import HEADERS, body_schema
from messaging.payloads import Payload, registered_payloads
from messaging.topology import PRIORITIES, Priority, Topology, topology

Document = dict[str, Any]


def document(payloads: Iterable[type[Payload]] | None = None) -> Document:
    """The document for these payloads, by default all registered ones: those of the installed apps.

    Raises `UnroutableKey` for a payload that no queue is bound for.
    """
    known = sorted(payloads if payloads is not None else registered_payloads().values(), key=lambda p: p.task)
    names = topology()
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": f"Messages of {names.exchange}",
            "version": "1",
            "description": "Celery messages of protocol 2, which are CloudEvents in binary mode as well.",
        },
        "defaultContentType": "application/json",
        "servers": _SERVERS,
        "channels": _channels(known, names),
        "operations": _operations(known, names),
        "components": {
            "messages": {payload.task: _message(payload) for payload in known},
            "messageTraits": {"headers": {"headers": HEADERS}},
            "schemas": _schemas(known),
        },
    }


_SERVERS: Document = {
    name: {
        "host": "{host}",
        "protocol": protocol,
        "description": text,
        "variables": {"host": {"default": default, "description": "host and port of the broker in `BROKER_URL`"}},
    }
    for name, protocol, default, text in (
        ("rabbitmq", "amqp", "localhost:5672", "RabbitMQ, in production"),
        ("valkey", "redis", "localhost:6379", "Valkey, the embedded default; kombu's keys stand for the queues"),
    )
}


def _channels(payloads: Iterable[type[Payload]], names: Topology) -> Document:
    """A channel for each routing key, which the relay sends to, each queue, and each dead-letter queue."""
    channels: Document = {}
    for payload in payloads:
        channel = channels.setdefault(payload.routing_key, _routing_key(payload.routing_key, names))
        channel["messages"][payload.task] = _component("messages", payload.task)
    for name, binding in names.queues.items():
        tasks = [p.task for p in payloads if names.queue_for(p.routing_key) == name]
        text = f"Bound to {binding}; messages it rejects go to {names.dead(name)}."
        channels[f"queue.{name}"] = _queue(name, text, tasks)
        text = f"Dead letters of {name}, which a relay files in the ledger."
        channels[f"queue.{names.dead(name)}"] = _queue(names.dead(name), text, tasks)
    return channels


def _routing_key(base: str, names: Topology) -> Document:
    exchange = {"name": names.exchange, "type": "topic", "durable": True, "autoDelete": False}
    return {
        "address": f"{base}.{{priority}}",
        "description": f"Leads to the queue {names.queue_for(base)}.",
        "messages": {},
        "parameters": {
            "priority": {
                "enum": [p.name.lower() for p in PRIORITIES],
                "default": Priority.NORMAL.name.lower(),
                "description": f"AMQP priorities: {', '.join(f'{p.name.lower()} {p.value}' for p in PRIORITIES)}",
            }
        },
        "bindings": {"amqp": {"is": "routingKey", "exchange": exchange, "bindingVersion": "0.3.0"}},
    }


def _queue(name: str, text: str, tasks: Iterable[str]) -> Document:
    queue = {"name": name, "durable": True, "exclusive": False, "autoDelete": False}
    return {
        "address": name,
        "description": text,
        "messages": {task: _component("messages", task) for task in tasks},
        "bindings": {"amqp": {"is": "queue", "queue": queue, "bindingVersion": "0.3.0"}},
    }


def _operations(payloads: Iterable[type[Payload]], names: Topology) -> Document:
    sent = {
        f"send.{payload.task}": {
            "action": "send",
            "channel": _channel(payload.routing_key),
            "summary": f"A relay sends {payload.task}.",
            "messages": [{"$ref": f"#/channels/{payload.routing_key}/messages/{payload.task}"}],
            "bindings": {"amqp": {"deliveryMode": 2, "mandatory": True, "bindingVersion": "0.3.0"}},
        }
        for payload in payloads
    }
    received = {
        f"receive.{queue}": {
            "action": "receive",
            "channel": _channel(f"queue.{queue}"),
            "summary": text,
            "bindings": {"amqp": {"ack": True, "bindingVersion": "0.3.0"}},
        }
        for name in names.queues
        for queue, text in (
            (name, f"A worker of {name} runs the task, and acknowledges once its effects are committed."),
            (names.dead(name), f"A relay files dead letters of {name}."),
        )
    }
    return sent | received


def _message(payload: type[Payload]) -> Document:
    return {
        "name": payload.task,
        "title": payload.__name__,
        "summary": (payload.__doc__ or "").strip().partition("\n")[0],
        "contentType": "application/json",
        "traits": [_component("messageTraits", "headers")],
        "payload": body_schema(_component("schemas", payload.task)),
        "correlationId": {"location": "$message.header#/conveyor/correlation_id"},
        "bindings": {"amqp": {"contentEncoding": "utf-8", "bindingVersion": "0.3.0"}},
        "x-schema-version": payload.version,
        "x-lifted-from": sorted(payload.lifts),
    }


def _schemas(payloads: Iterable[type[Payload]]) -> Document:
    """Each payload's schema, and beside it those of the types that it refers to."""
    schemas: Document = {}
    for payload in payloads:
        schema = payload.model_json_schema(ref_template=f"#/components/schemas/{payload.task}.{{model}}")
        parts = schema.pop("$defs", {})
        schemas |= {payload.task: schema} | {f"{payload.task}.{name}": part for name, part in parts.items()}
    return schemas


def _channel(key: str) -> Document:
    return {"$ref": f"#/channels/{key}"}


def _component(kind: str, name: str) -> Document:
    return {"$ref": f"#/components/{kind}/{name}"}
