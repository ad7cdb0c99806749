"""Broken messages for fuzzing, reproducible from a seed: AMQP messages, and items of Redis lists."""

import base64
import bz2
import json
import random
import struct
import uuid
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from amqp import Message  # type: ignore[import-untyped]

TASKS = (
    "payments.charge_payment",
    "shipping.create_shipment",
    "no.such.task",
    "celery.chord_unlock",
    "celery.accumulate",
)
_BODY = json.dumps([[], {"payment_id": "x"}, {}])


@dataclass
class Broken:
    """One message. `raw_properties` replaces the encoded properties and headers of an AMQP message."""

    body: Any = _BODY
    headers: Any = field(default_factory=dict)
    properties: dict[str, Any] = field(default_factory=dict)
    raw_properties: bytes | None = None
    routing_key: str | bytes = "payment.charge.normal"

    def amqp(self) -> Message:
        """As py-amqp publishes it."""
        body = self.body.encode("utf-8", "surrogatepass") if isinstance(self.body, str) else self.body
        message = Message(body, application_headers=self.headers, **self.properties)
        if self.raw_properties is not None:
            raw = self.raw_properties
            message = type("Raw", (Message,), {"_serialize_properties": lambda self: raw})(body)
        return message


def amqp_messages(seed: int, count: int) -> Iterator[Broken]:
    """Well-formed AMQP, as far as the broker looks, with anything in it. None can be run by a worker."""
    chance = random.Random(seed)
    for number in range(count):
        broken = chance.choice(_AMQP)(chance)
        if isinstance(broken.headers, dict) and chance.random() < 0.1:
            broken.headers[f"x-{number}"] = _junk(chance, 3)
        yield broken


def redis_items(seed: int, count: int) -> Iterator[bytes]:
    """Items of a queue's list: any bytes, JSON of any kind, and envelopes with parts of the wrong kind."""
    chance = random.Random(seed)
    for _ in range(count):
        yield chance.choice(_REDIS)(chance)


def known(chance: random.Random, **changes: Any) -> dict[str, Any]:
    """The headers of a known task, with `changes`."""
    origin = {"sends": 1, "version": 1, "correlation_id": str(uuid.UUID(int=chance.getrandbits(128)))}
    id_ = str(uuid.UUID(int=chance.getrandbits(128), version=4))
    return {"lang": "py", "task": TASKS[0], "id": id_, "retries": 0, "conveyor": origin, **changes}


def json_properties(**changes: Any) -> dict[str, Any]:
    return {"content_type": "application/json", "content_encoding": "utf-8", **changes}


def _junk(chance: random.Random, depth: int = 2) -> Any:
    """A value of any kind that AMQP tables and JSON can hold."""
    kinds = [None, True, -1, 2**40, 1.5, "", "text", "nul \x00", "\ud800", "x" * 5000, "9" * 400, "2026-99-99T00:00:00"]
    if depth and chance.random() < 0.4:
        return chance.choice([[_junk(chance, depth - 1)], {"a": _junk(chance, depth - 1)}, [], {}])
    return chance.choice(kinds)


def _junk_bytes(chance: random.Random) -> bytes:
    return bytes(chance.getrandbits(8) for _ in range(chance.randrange(200)))


def _any_body(chance: random.Random) -> Broken:
    deep, half = "[" * 100_000, "[" * 500 + "]" * 500
    bodies = [
        deep, half, "{" * 9, "null", "[]", "[[],{},{}", '"text"', "[1,2,3]", "[[],[],[]]", "[[],{}]", "NaN", "", "\x00",
        json.dumps([[1], {}, {}]), json.dumps([[], {}, {"callbacks": [{"task": TASKS[0]}]}]), "1" * 10_000,
        json.dumps([[], {}, {"chord": {"a": 1}}]), json.dumps({"task": TASKS[0], "id": "1", "args": 5, "kwargs": []}),
        json.dumps({"task": TASKS[0], "id": [], "args": [], "kwargs": {}, "eta": 5, "retries": "x"}),
        json.dumps([[], {"\ud800": "\x00"}, {}]), _junk_bytes(chance), b"\xff\xfe" + _BODY.encode("utf-16"),
    ]  # fmt: skip
    headers = known(chance) if chance.random() < 0.7 else {}
    if not headers or chance.random() < 0.2:
        headers = {name: value for name, value in headers.items() if name == "task"}
    return Broken(chance.choice(bodies), headers, json_properties())


def _any_content_type(chance: random.Random) -> Broken:
    types = [
        "application/data", "application/x-yaml", "application/x-python-serialize", "application/x-msgpack", "", "text",
        "application/octet-stream", "x" * 250,
    ]  # fmt: skip
    encodings = ["binary", "utf-8", "no-such", "base64", "", "utf-16", "rot13"]
    properties = {"content_type": chance.choice(types), "content_encoding": chance.choice(encodings)}
    bodies = [_BODY, _junk_bytes(chance), b"cos\nsystem\n(S'true'\ntR.", "!!python/object/apply:os.system ['true']"]
    return Broken(chance.choice(bodies), known(chance), properties)


@cache
def _bombs() -> list[bytes]:
    """A few kilobytes that become 30 megabytes."""
    return [zlib.compress(b"[" * 30_000_000), bz2.compress(b"[" * 3_000_000)]


def _compressed(chance: random.Random) -> Broken:
    names = ["zlib", "gzip", "bzip2", "application/x-bz2", "application/x-gzip", "lzma", "no-such", "zstd"]
    bodies = [*_bombs(), zlib.compress(_BODY.encode()), _junk_bytes(chance)]
    return Broken(chance.choice(bodies), known(chance, compression=chance.choice(names)), json_properties())


def _any_header(chance: random.Random) -> Broken:
    """A header that a message must have is of the wrong kind, or one is there that it must not have."""
    wrong: dict[str, list[Any]] = {
        "task": [None, 5, [], {}, "", "x" * 5000, "nul \x00", "\ud800"],
        "id": [None, 5, [], {}, "", "no uuid", "x" * 5000, "\x00"],
        "retries": ["x", -1, [1], {"a": 1}, 1.5, 2**60],
        "conveyor": [5, "x", [1], {"sends": 1}, {"sends": "1", "version": 1, "correlation_id": "x"}, {"version": []}],
        "eta": ["2126-01-01T00:00:00", 5, [1], "x"],
        "expires": ["2020-01-01T00:00:00+00:00", 5, "x", [1]],
        "chord": [{"a": 1}, "x", 5],
        "callbacks": [[{"task": TASKS[0]}], 5],
        "shadow": [5, "x", [1]],
    }
    name = chance.choice(sorted(wrong))
    broken = Broken(_BODY, known(chance, **{name: chance.choice(wrong[name])}), json_properties())
    broken.headers |= {
        name: _junk(chance) for name in ("timelimit", "root_id", "stamped_headers") if chance.random() < 0.3
    }
    return broken


def _any_property(chance: random.Random) -> Broken:
    properties = json_properties(priority=chance.randrange(256), reply_to="\x00" * 9, correlation_id="\ud800")
    return Broken(_junk_bytes(chance), known(chance), properties | {"message_id": "x" * 200, "type": "\udfff"})


def _unknown_task(chance: random.Random) -> Broken:
    task = chance.choice(TASKS[2:])
    return Broken(_BODY, known(chance, task=task), json_properties())


def _raw_table(chance: random.Random) -> Broken:
    """Properties that RabbitMQ takes and py-amqp cannot decode."""
    deep = b"V"
    for _ in range(chance.choice((70, 3000))):
        deep = b"F" + _table(b"a", deep)
    raw = chance.choice(
        [
            struct.pack(">H", 0x8000) + b"\x02\xff\xfe",
            struct.pack(">H", 0x0080) + b"\x02\xff\xfe",
            struct.pack(">H", 0x2000) + _table(b"t", b"T" + struct.pack(">Q", 2**63)),
            struct.pack(">H", 0x2000) + _table(b"t", deep),
            struct.pack(">H", 0x2000) + _table(b"\xff", b"x" + struct.pack(">I", 2) + b"\xff\x00"),
            struct.pack(">H", 0x2000) + _table(b"task", b"S" + struct.pack(">I", 1) + b"\xff"),
        ]
    )
    return Broken(_BODY, raw_properties=raw)


def _routing_key(chance: random.Random) -> Broken:
    keys: list[str | bytes] = [b"payment.\xff", b"payment.\x00.\xed\xa0\x80", "payment"]
    return Broken(_junk_bytes(chance), routing_key=chance.choice(keys))


def _huge(chance: random.Random) -> Broken:
    return Broken(b"[" + b"[]," * chance.choice((1000, 2_000_000)) + b"1]", known(chance), json_properties())


def _table(name: bytes, value: bytes) -> bytes:
    content = bytes([len(name)]) + name + value
    return struct.pack(">I", len(content)) + content


_AMQP = (
    *(_any_body, _any_content_type, _any_header, _any_property, _unknown_task, _raw_table, _routing_key) * 6,
    *(_compressed,) * 2,
    _huge,
)


def envelope(chance: random.Random, broken: Broken | None = None, **changes: Any) -> dict[str, Any]:
    """kombu's envelope of `broken`, with `changes`."""
    broken = broken or Broken("{", known(chance), json_properties())
    body = broken.body.encode("utf-8", "surrogatepass") if isinstance(broken.body, str) else broken.body
    return {
        "body": base64.b64encode(body).decode(),
        "content-type": broken.properties.get("content_type"),
        "content-encoding": broken.properties.get("content_encoding"),
        "headers": broken.headers,
        "properties": {
            "body_encoding": "base64", "delivery_tag": str(uuid.uuid4()), "priority": 5, "delivery_mode": 2,
            "delivery_info": {"exchange": "conveyor", "routing_key": "payment.charge.normal"},
        },
        **changes,
    }  # fmt: skip


def _envelope_of_amqp(chance: random.Random) -> bytes:
    kinds = (_any_body, _any_content_type, _any_header, _any_property, _unknown_task, _compressed)
    return json.dumps(envelope(chance, chance.choice(kinds)(chance))).encode()


def _broken_envelope(chance: random.Random) -> bytes:
    broken = envelope(chance)
    target = chance.choice([broken, broken["properties"], broken["properties"]["delivery_info"]])
    name = chance.choice(sorted(target))
    if chance.random() < 0.3:
        del target[name]
    else:
        target[name] = _junk(chance)
    return json.dumps(broken).encode()


def _same_tag(chance: random.Random) -> bytes:
    broken = envelope(chance)
    broken["properties"]["delivery_tag"] = "the same"
    return json.dumps(broken).encode()


def _json_of_any_kind(chance: random.Random) -> bytes:
    deep = '{"a":' * 700 + "1" + "}" * 700
    texts = ["[" * 100_000, deep, "null", "NaN", "[1, 2]", "{}", '"x"', '{"properties": {}}', "1e999", '{"body": "x"}']
    texts.append(json.dumps(envelope(chance, headers=json.loads(deep))))
    return chance.choice(texts).encode()


def _any_item(chance: random.Random) -> bytes:
    return _junk_bytes(chance) or b"\x00"


_REDIS = (_envelope_of_amqp, _envelope_of_amqp, _broken_envelope, _same_tag, _json_of_any_kind, _any_item)
