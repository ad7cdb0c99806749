"""Tolerant decoding: no message makes py-amqp or kombu raise, or fill the memory, before a guard sees it.

Both decode properties, headers and compression while they read from the socket, outside of every error handler: a
timestamp in the year 10^12, a header nested 10,000 deep, or text not in UTF-8 would end each process that receives it.
"""

import base64
import json
from contextlib import suppress
from typing import Any

from amqp import abstract_channel, serialization, spec  # type: ignore[import-untyped]
from kombu import compression

#: Bytes that are parsed: of a body, and of its envelope in Redis, a third longer. A larger one is filed unread.
MAX_JSON, MAX_ENVELOPE = 4 * 1024 * 1024, 6 * 1024 * 1024
#: Levels of a JSON document or a header table. Both are copied by code that recurses.
MAX_DEPTH = 64
MAX_KEPT_HEADERS = 64_000
#: Header that stands for properties and headers that could not be decoded.
UNREADABLE = "conveyor-unreadable-headers"

_decode_properties, _loads = serialization.decode_properties_basic, serialization.loads


class Unreadable(ValueError):
    """Bytes that are not a JSON document within the bounds."""


def parse_json(data: Any, *, most: int = MAX_JSON) -> Any:
    """`data`, of at most `most` bytes, as JSON. Raises `Unreadable`, whatever it is."""
    try:
        if len(data) > most:
            raise Unreadable(f"{len(data)} bytes long, more than the {most} that are parsed")
        value = json.loads(data if isinstance(data, str) else bytes(data))
    except Exception as error:
        raise (error if isinstance(error, Unreadable) else Unreadable(f"no JSON: {error!r:.200}")) from None
    if not is_shallow(value):
        raise Unreadable(f"nested more than {MAX_DEPTH} levels deep")
    return value


def is_shallow(value: Any) -> bool:
    """Whether `value` is nested at most `MAX_DEPTH` levels deep. Does not recurse."""
    level = [value]
    for _ in range(MAX_DEPTH):
        containers = (item for item in level if isinstance(item, dict | list | tuple))
        level = [child for item in containers for child in (item.values() if isinstance(item, dict) else item)]
        if not level:
            return True
    return not any(isinstance(item, dict | list | tuple) for item in level)


def install() -> None:
    """Decode tolerantly in this process. py-amqp and kombu keep their decoders in modules, without another way in."""
    abstract_channel.loads = _arguments
    serialization.PROPERTY_CLASSES[spec.Basic.CLASS_ID] = _properties
    for name in compression.encoders():
        compression.register(compression.get_encoder(name)[0], _refuse, name)


class _Text(bytes):
    """Bytes whose slices decode to text whatever they are."""

    def __getitem__(self, key: Any) -> Any:
        part = super().__getitem__(key)
        return _Text(part) if isinstance(key, slice) else part

    def decode(self, *args: Any) -> str:
        return super().decode("utf-8", "backslashreplace")


def _arguments(kinds: str, buf: bytes, offset: int) -> tuple[list[Any], int]:
    """The arguments of a method, such as a delivery's exchange and routing key."""
    try:
        return _loads(kinds, buf, offset)
    except UnicodeDecodeError:
        return _loads(kinds, _Text(buf), offset)


def _properties(buf: bytes, offset: int) -> tuple[dict[str, Any], int]:
    with suppress(Exception):  # the bytes are kept below
        properties, end = _decode_properties(buf, offset)
        if is_shallow(properties):
            return properties, end
    kept = base64.b64encode(bytes(buf[offset:])[:MAX_KEPT_HEADERS]).decode("ascii")
    return {"application_headers": {UNREADABLE: kept}}, len(buf)


def _refuse(body: Any) -> bytes:
    """A few bytes may decompress to gigabytes, and no message of the ledger is compressed."""
    raise Unreadable("compressed bodies are not read")
