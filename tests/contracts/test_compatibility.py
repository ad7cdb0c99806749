"""Compatibility: each kind of change, for those who send data and for those who receive it."""

import pytest

from messaging.operations.contracts.compatibility import breaks_of_api, breaks_of_messages
from messaging.operations.contracts.schemas import Side, schema_breaks
from messaging.operations.contracts.wire import body_schema

ACCEPTS, RETURNS = Side.ACCEPTS, Side.RETURNS
TEXT, COUNT = {"type": "string"}, {"type": "integer"}
SOME = {"type": "string", "enum": ["a", "b"]}
MORE = {"type": "string", "enum": ["a", "b", "c"]}
NULLABLE = {"anyOf": [TEXT, {"type": "null"}]}


def has(required: str = "", **properties: dict) -> dict:
    return {"type": "object", "properties": properties, "required": required.split()}


LIST, CLOSED = {"type": "array"}, {**has(), "additionalProperties": False}
EITHER = {"anyOf": [has("a", a=TEXT), has("b", b=TEXT)]}
#: Name, old schema, new schema, what breaks for producers, and for consumers; empty: nothing.
CHANGES = [
    ("nothing", has("a", a=TEXT), has("a", a=TEXT), "", ""),
    ("field removed", has(a=TEXT, b=TEXT), has(a=TEXT), "field b was removed", "field b was removed"),
    ("optional field added", has(a=TEXT), has(a=TEXT, b=TEXT), "", ""),
    ("required field added", has(a=TEXT), has("b", a=TEXT, b=TEXT), "field b became required", ""),
    ("field required", has(a=TEXT), has("a", a=TEXT), "field a became required", ""),
    ("field optional", has("a", a=TEXT), has(a=TEXT), "", "field a became optional"),
    ("type changed", has(a=TEXT), has(a=COUNT), "string to integer", "string to integer"),
    ("integer to number", has(a=COUNT), has(a={"type": "number"}), "", "integer to number"),
    ("number to integer", has(a={"type": "number"}), has(a=COUNT), "number to integer", ""),
    ("null allowed", has(a=TEXT), has(a=NULLABLE), "", "string to null or string"),
    ("null forbidden", has(a=NULLABLE), has(a=TEXT), "null or string to string", ""),
    ("nullable of OpenAPI 3.0", TEXT, {**TEXT, "nullable": True}, "", "string to null or string"),
    ("type left open", TEXT, {}, "", "string to anything"),
    ("type fixed", {}, TEXT, "anything to string", ""),
    ("enum narrowed", MORE, SOME, "c is no longer accepted", ""),
    ("enum widened", SOME, MORE, "", "c may be returned now"),
    ("enum added", TEXT, SOME, "only a, b are accepted now", ""),
    ("enum left", SOME, TEXT, "", "values other than a, b may be returned now"),
    ("format changed", {**TEXT, "format": "uuid"}, {**TEXT, "format": "date"}, "uuid to date", "uuid to date"),
    ("format added", TEXT, {**TEXT, "format": "uuid"}, "None to uuid", "None to uuid"),
    ("format left", {**TEXT, "format": "uuid"}, TEXT, "", "uuid to None"),
    ("maximum lowered", {**COUNT, "maximum": 9}, {**COUNT, "maximum": 8}, "maximum became 8", ""),
    ("maximum raised", {**COUNT, "maximum": 9}, {**COUNT, "maximum": 10}, "", ""),
    ("maximum added", COUNT, {**COUNT, "maximum": 9}, "maximum became 9", ""),
    ("minimum raised", {**COUNT, "minimum": 1}, {**COUNT, "minimum": 2}, "minimum became 2", ""),
    ("length added", TEXT, {**TEXT, "maxLength": 9}, "maxLength became 9", ""),
    ("pattern changed", {**TEXT, "pattern": "a"}, {**TEXT, "pattern": "b"}, "pattern became b", ""),
    ("items changed", {"type": "array", "items": TEXT}, {"type": "array", "items": COUNT}, "[]: its", "[]: its"),
    ("nested", has(a=has(b=TEXT)), has(a=has(b=COUNT)), "it.a.b: its type", "it.a.b: its type"),
    ("const", {"const": "1.0"}, {"const": "2.0"}, "const became 2.0", "const changed from 1.0 to 2.0"),
    ("items fixed", LIST, {**LIST, "items": TEXT}, "its items changed", ""),
    ("items left open", {**LIST, "items": TEXT}, LIST, "", "its items changed"),
    ("further fields refused", has(), CLOSED, "its additionalProperties changed", ""),
    ("further fields allowed", CLOSED, has(), "", "its additionalProperties changed"),
    ("what is not judged", {**COUNT, "multipleOf": 2}, {**COUNT, "multipleOf": 3}, "multipleOf", "multipleOf"),
    ("what nobody relies on", {**TEXT, "title": "A"}, {**TEXT, "title": "B", "x-note": 1}, "", ""),
    (
        "values of a table",
        {"type": "object", "additionalProperties": TEXT},
        {"type": "object", "additionalProperties": COUNT},
        "string to integer",
        "string to integer",
    ),
    ("union of enums", {"oneOf": [SOME, {"enum": [None]}]}, {"oneOf": [MORE, {"enum": [None]}]}, "", "c may be"),
    (
        "limit of one of a union",
        {"oneOf": [{**TEXT, "maxLength": 9}, {**TEXT, "maxLength": 0}]},
        {"oneOf": [{**TEXT, "maxLength": 8}, {**TEXT, "maxLength": 0}]},
        "maxLength became 8",
        "",
    ),
    (
        "kinds of objects in another order",
        {"oneOf": [has("a", a=TEXT), has("b", b=COUNT)]},
        {"oneOf": [has("b", b=COUNT), has("a", a=TEXT)]},
        "",
        "",
    ),
    (
        "field of one kind of a union",
        {"oneOf": [has("a", a=TEXT), has("a b", a=COUNT, b=TEXT)]},
        {"oneOf": [has("a", a=TEXT), has("a b", a=COUNT, b=COUNT)]},
        "object with the fields a, b is no longer accepted",
        "object with the fields a, b may be returned now",
    ),
    (
        "kind added to a union",
        {"anyOf": [has("a", a=TEXT), has("b", b=COUNT)]},
        {"anyOf": [has("a", a=TEXT), has("b", b=COUNT), has("c", c=TEXT)]},
        "",
        "object with the fields c may be returned now",
    ),
    ("object becomes a union", has("a", a=TEXT), EITHER, "", "fields b may be"),
    ("union becomes an object", EITHER, has("a", a=TEXT), "fields b is no", ""),
    (
        "null of a union",
        {"anyOf": [has("a", a=TEXT), has("b", b=TEXT), {"type": "null"}]},
        {"anyOf": [has("a", a=TEXT), has("b", b=TEXT)]},
        "null is no longer accepted",
        "",
    ),
    ("allOf", {"allOf": [has(a=TEXT)]}, {"allOf": [has(a=COUNT)]}, "string to integer", "string to integer"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "sentence"), [pytest.param(o, n, s, id=i) for i, o, n, s, _ in CHANGES])
def test_a_change_of_what_is_accepted(old, new, sentence):
    judge(old, new, ACCEPTS, sentence)


@pytest.mark.parametrize(("old", "new", "sentence"), [pytest.param(o, n, s, id=i) for i, o, n, _, s in CHANGES])
def test_a_change_of_what_is_returned(old, new, sentence):
    judge(old, new, RETURNS, sentence)


def judge(old, new, side, sentence):
    found = list(schema_breaks(old, new, side=side, roots=({}, {}), path="it"))
    if sentence:
        assert len(found) == 1
        assert sentence in found[0]
    else:
        assert found == []


def test_references_are_followed_once():
    roots = [{"defs": {"tree": has(value=kind, child={"$ref": "#/defs/tree"})}} for kind in (TEXT, COUNT)]
    ref = {"$ref": "#/defs/tree"}
    found = list(schema_breaks(ref, ref, side=ACCEPTS, roots=tuple(roots), path="it"))
    assert found == ["it.value: its type changed from string to integer"]


def messages(version=1, schema=None, lifts=(), **changes) -> dict:
    binding = {"amqp": {"exchange": {"name": "conveyor"}}}
    channel = {"address": "song.sing.{priority}", "bindings": binding, "messages": {"sing": {}}}
    body = body_schema({"$ref": "#/components/schemas/sing"})
    return {
        "channels": {"song.sing": channel},
        "components": {
            "messages": {"sing": {"payload": body, "x-schema-version": version, "x-lifted-from": list(lifts)}},
            "messageTraits": {"headers": {"headers": has("id", id=TEXT)}},
            "schemas": {"sing": schema or has(text=TEXT)},
        },
    } | changes


def test_a_message_may_change_with_a_new_version_that_lifts_the_old():
    assert breaks_of_messages(messages(), messages(2, has("words", words=COUNT), lifts=[1])) == []


@pytest.mark.parametrize(
    ("new", "sentence"),
    [
        (messages(schema=has(text=COUNT)), "sing.text: its type changed from string to integer. Raise"),
        (messages(schema=has(text=TEXT, key=TEXT)), "the field key was added, which older workers refuse. Raise"),
        (messages(schema=has(text=NULLABLE)), "sing.text: its type changed from string to null or string. Raise"),
        (messages(2, lifts=[]), "schema version 1 cannot be lifted to 2. Raise"),
        (messages(channels={}), "Channel song.sing was removed. Keep"),
    ],
)
def test_a_message_that_waits_must_stay_readable(new, sentence):
    (found,) = breaks_of_messages(messages(), new)
    assert sentence in found


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"address": "song.hum.{priority}"}, "its address changed"),
        ({"bindings": {"amqp": {"exchange": {"name": "other"}}}}, "its exchange or queue changed"),
        ({"messages": {}}, "sing is no longer sent there"),
    ],
)
def test_a_channel_keeps_its_address_its_bindings_and_its_messages(change, sentence):
    new = messages()
    new["channels"]["song.sing"] |= change
    (found,) = breaks_of_messages(messages(), new)
    assert sentence in found


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"payload": {"type": "object"}}, "sing: its type changed from array to object. Workers of both releases"),
        ({"payload": body_schema({"type": "object"})}, "Message sing: its items changed from"),
        ({"contentType": "text/plain"}, "Message sing: its contentType changed from None to text/plain"),
    ],
)
def test_the_body_around_a_payload_keeps_its_form(change, sentence):
    new = messages()
    new["components"]["messages"]["sing"] |= change
    assert [each for each in breaks_of_messages(messages(), new) if sentence in each]


def test_a_message_and_its_task_stay():
    new = messages()
    del new["components"]["messages"]["sing"]
    (found,) = breaks_of_messages(messages(), new)
    assert found.startswith("Message sing was removed: those that still wait would become dead. Keep its task")


def test_a_header_may_be_added_and_not_removed():
    new = messages()
    new["components"]["messageTraits"]["headers"]["headers"] = has("more", more=TEXT)
    assert breaks_of_messages(messages(), new) == [
        "Message headers: the field id was removed. Add a header beside it, and keep this one."
    ]
    new["components"]["messageTraits"]["headers"]["headers"] = has("id more", id=TEXT, more=TEXT)
    assert breaks_of_messages(messages(), new) == []


def api(**changes) -> dict:
    operation = {
        "operationId": "sing",
        "parameters": [{"in": "query", "name": "loud", "schema": SOME}],
        "requestBody": {"content": {"application/json": {"schema": has(text=TEXT)}}},
        "responses": {"200": {"content": {"application/json": {"schema": has("text", text=SOME)}}}},
    }
    return {"paths": {"/songs/": {"post": operation | changes}}}


def body(schema, kind="application/json") -> dict:
    return {"content": {kind: {"schema": schema}}}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"operationId": "hum"}, "operationId sing became hum"),
        ({"parameters": []}, "parameter loud was removed"),
        ({"parameters": [{"in": "query", "name": "loud", "schema": SOME, "required": True}]}, "loud became required"),
        ({"parameters": [{"in": "query", "name": "loud", "schema": {**SOME, "enum": ["a"]}}]}, "b is no longer"),
        ({"requestBody": body(has("text", text=TEXT))}, "body: the field text became required"),
        ({"requestBody": {**body(has(text=TEXT)), "required": True}}, "the body became required"),
        ({"requestBody": body(has(text=TEXT), "text/plain")}, "a body of application/json is no longer accepted"),
        ({"responses": {"200": body(has("text", text=MORE))}}, "200.text: c may be returned now"),
        ({"responses": {"200": body(has("text", text=SOME), "text/plain")}}, "200 is no longer application/json"),
        ({"responses": {"201": body(has("text", text=SOME))}}, "response 200 was removed"),
    ],
)
def test_a_change_that_breaks_clients_of_the_api(change, sentence):
    (found,) = breaks_of_api(api(), api(**change))
    assert sentence in found
    assert found.endswith("Keep it, or add another version of the API beside this one.")


def test_an_operation_that_was_removed():
    for new in ({"paths": {}}, {"paths": {"/songs/": {}}}):
        (found,) = breaks_of_api(api(), new)
        assert found.startswith("Operation POST /songs/ was removed.")


def test_what_only_adds_breaks_no_client():
    new = api(
        parameters=[{"in": "query", "name": "loud", "schema": MORE}, {"in": "query", "name": "slow", "schema": TEXT}],
        requestBody=body(has(text=TEXT, key=TEXT)),
        responses={"200": body(has("text key", text=SOME, key=TEXT)), "429": body(has())},
    )
    new["paths"]["/more/"] = {"get": {}}
    assert breaks_of_api(api(), new) == []
