"""Hostile texts, JSON documents and bodies."""

import copy
import gzip
import json
import random
import uuid
from typing import Any

#: Texts that a URL or a form can carry.
TEXTS = (
    "", " ", "\t", "\x00", "a\x00b", "\x1f\x7f", "\x85", "\ufffe", "\u202e", "\ufeff", "é", "💥" * 40,
    "\r\nX-Evil: 1", "'", '"', "\\",
    "%", "%s%s", "%00", "{}", "{0.__class__}", "<script>", "../../etc/passwd", "//evil.example/", "javascript:1",
    "-", ",", "_", ".", "/",
    "0", "-1", "1.5", "²", "٣", "007", "2147483648", "9223372036854775807", "9223372036854775808",
    "-9223372036854775809", "9" * 400, "9" * 5000,
    "1e999999", "-1e999999", "99999999", "NaN", "Infinity", "null", "true", "[]", "{}", "[" * 3000, '{"a":' * 1500,
    "a,b,c", "[", "2026-13-45", "2026-02-30", "0000-00-00", "0001-01-01", "9999-12-31", "10000-01-01",
    "2026-01-01T25:61", "0001-01-01T00:00:00+23:59",
    "00000000-0000-0000-0000-000000000000", "{00000000000000000000000000000000}", "g" * 36, "a" * 300, "a" * 9000,
    "é" * 3000, "0f" * 5000,
    "a@" * 2000, "x@" + "a." * 2000, "word " * 1000, "1 " * 2000,
    "payload.a=1", "payload.a__gt=1", "payload.a__in=1", "payload.a____b=1", "payload.0.99999999999999999999=1",
    "payload.²=1", "payload.a.²=1", "payload.a.٣=1",
    "payload.a=" + "[" * 400, "payload.a=1e999", "payload.a=NaN", "payload.a=\x00", "payload." + "a." * 200 + "a=1",
    "payload.a." + "1." * 200 + "1=1",
)  # fmt: skip
#: Texts that JSON can carry, too.
_SURROGATES = ("\ud800", "a\udfffb", "\udc80" * 40)
_VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1.5, 2**31, 2**63, -(2**63) - 1, 10**400, [], {}, [[]], [None], {"": None}, {"\x00": 1},
    {"a": {"a": {}}}, ["a", 1, {}],
)  # fmt: skip
#: Written into JSON text for the value that holds their place.
_RAW = (
    "1e999999", "-1e999999", "9" * 5000, "NaN", "-Infinity", "[" * 100_000, '{"a":' * 20_000, '"\\ud800"', "01", "'a'",
)  # fmt: skip


def text(rng: random.Random) -> str:
    return rng.choice(TEXTS)


def text_in_json(rng: random.Random) -> str:
    return rng.choice(TEXTS + _SURROGATES)


def value(rng: random.Random) -> Any:
    """A JSON value of any kind."""
    return text_in_json(rng) if rng.random() < 0.5 else copy.deepcopy(rng.choice(_VALUES))


def changed(rng: random.Random, document: Any) -> Any:
    """The document with one value in it replaced, removed or added."""
    document = copy.deepcopy(document)
    place = _places(document)
    if not place or rng.random() < 0.05:
        return value(rng)
    holder, key = rng.choice(place)
    what = rng.random()
    if what < 0.15:
        del holder[key]
    elif what < 0.25 and isinstance(holder, dict):
        holder[text_in_json(rng)] = value(rng)
    else:
        holder[key] = value(rng)
    return document


def json_body(rng: random.Random, document: Any) -> bytes:
    """The document as JSON, changed in one or two values, or broken as text or as bytes."""
    for _ in range(rng.randint(1, 2)):
        document = changed(rng, document)
    written = json.dumps(document)
    if rng.random() < 0.3:
        written = _with_raw(rng, document)
    if rng.random() < 0.1 and isinstance(document, dict) and document:
        key = next(iter(document))
        written = written[:-1] + f",{json.dumps(key)}:{json.dumps(value(rng))}}}"
    return broken(rng, written.encode())


def broken(rng: random.Random, body: bytes) -> bytes:
    """Mostly the body as it is; otherwise cut, compressed, in another encoding, or noise."""
    ways = (
        lambda: body[: rng.randrange(len(body) + 1)],
        lambda: gzip.compress(body),
        lambda: body.decode("utf-8", "replace").encode("utf-16"),
        lambda: b"\xef\xbb\xbf" + body,
        lambda: body + b"\x00",
        lambda: b"\xff\xfe" + body,
        lambda: body * 2,
        lambda: rng.randbytes(200),
        lambda: b"",
    )
    return rng.choice(ways)() if rng.random() < 0.25 else body


def _with_raw(rng: random.Random, document: Any) -> str:
    """JSON text in which one value is written as no encoder would."""
    mark, document = uuid.UUID(int=rng.getrandbits(128)).hex, copy.deepcopy(document)
    place = _places(document)
    if not place:
        return rng.choice(_RAW)
    holder, key = rng.choice(place)
    holder[key] = mark
    return json.dumps(document).replace(f'"{mark}"', rng.choice(_RAW))


def _places(document: Any) -> list[tuple[Any, Any]]:
    """Each value in the document, as its container and its key."""
    if isinstance(document, dict):
        items: list[tuple[Any, Any]] = list(document.items())
    elif isinstance(document, list):
        items = list(enumerate(document))
    else:
        return []
    return [place for key, inner in items for place in ((document, key), *_places(inner))]
