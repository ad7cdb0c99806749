"""Tolerant decoding: what the broker delivers is decoded, or its bytes are kept; nothing raises or explodes."""

import struct
import zlib

import pytest
from amqp import abstract_channel, serialization, spec  # type: ignore[import-untyped]
from kombu import Message

from messaging.broker import tolerance
from messaging.broker.tolerance import UNREADABLE, Unreadable, parse_json
from tests.messaging import broken_messages


def decoded(raw: bytes) -> dict:
    return serialization.PROPERTY_CLASSES[spec.Basic.CLASS_ID](raw, 0)[0]


def test_every_table_of_properties_is_decoded_or_kept():
    raw = [broken.raw_properties for broken in broken_messages.amqp_messages(1, 500) if broken.raw_properties]
    assert len(raw) > 20
    headers = [decoded(table)["application_headers"] for table in raw]
    assert any(UNREADABLE in table for table in headers)
    assert all(tolerance.is_shallow(table) for table in headers)


def test_a_sound_table_is_decoded_as_ever():
    assert decoded(struct.pack(">H", 0x0800) + b"\x05") == {"priority": 5}


def test_a_routing_key_of_any_bytes_is_read():
    delivery = b"\x01c" + struct.pack(">Q", 2**63 + 5) + b"\x01" + b"\x00" + b"\x09payment.\xff"
    arguments, _ = abstract_channel.loads("sLbss", delivery, 0)
    assert arguments == ["c", 2**63 + 5, True, "", "payment.\\xff"]


@pytest.mark.parametrize("name", ["gzip", "zlib", "bzip2", "lzma", "application/x-gzip", "no-such"])
def test_nothing_is_decompressed(name):
    message = Message(zlib.compress(b"[" * 10_000_000), headers={"compression": name})
    assert message.errors
    assert len(message.body) < 100_000


@pytest.mark.parametrize(
    "data",
    [
        "[" * 100_000, '{"a":' * 100 + "1" + "}" * 100, b"\xff", "", None, 5, "9" * 5000, "nul",
        b"[" + b"1," * tolerance.MAX_JSON + b"1]",
    ],
    ids=["brackets", "nested", "bytes", "empty", "None", "a number", "digits", "text", "huge"],
)  # fmt: skip
def test_what_is_no_bounded_json_is_unreadable(data):
    with pytest.raises(Unreadable):
        parse_json(data)


@pytest.mark.parametrize("depth", [1, tolerance.MAX_DEPTH])
def test_json_up_to_the_bound_is_read(depth):
    assert tolerance.is_shallow(parse_json("[" * depth + "]" * depth))
    with pytest.raises(Unreadable):
        parse_json("[" * (tolerance.MAX_DEPTH + 2) + "]" * (tolerance.MAX_DEPTH + 2))
