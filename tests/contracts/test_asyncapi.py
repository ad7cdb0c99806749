"""AsyncAPI: the document is valid by the official schema, and says what the relay really sends."""

import json
from datetime import datetime
from pathlib import Path

import pytest
import yaml
from django.core.management import CommandError, call_command
from jsonschema import Draft7Validator

from messaging.models import Message
from messaging.relay import protocol
from messaging.relay.claim import claim
from messaging.topology import topology
from tests.contracts import documents
from tests.factories import place

#: By the AsyncAPI Initiative: https://github.com/asyncapi/spec-json-schemas
OFFICIAL = json.loads((Path(__file__).parent / "asyncapi-3.0.0.json").read_text())


def problems(document: dict) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in Draft7Validator(OFFICIAL).iter_errors(document)]


def test_the_document_is_valid_by_the_official_schema():
    assert problems(documents.messages()) == []


def test_the_official_schema_refuses_a_document_that_is_wrong():
    document = documents.messages()
    document["operations"]["send.orders.send_email"]["action"] = "publish"
    assert problems(document)


def test_every_reference_leads_somewhere():
    document = documents.messages()
    for target in references(document):
        found = document
        for part in target.removeprefix("#/").split("/"):
            assert part in found, target
            found = found[part]


def references(node) -> list[str]:
    if isinstance(node, list):
        return [target for item in node for target in references(item)]
    if not isinstance(node, dict):
        return []
    own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
    return own + [target for value in node.values() for target in references(value)]


def test_every_queue_has_a_worker_that_receives_its_tasks():
    document = documents.messages()
    received = {
        task
        for name in topology().queues
        for task in document["channels"][f"queue.{name}"]["messages"]
        if document["operations"][f"receive.{name}"]["action"] == "receive"
    }
    assert received == set(document["components"]["messages"])


@pytest.mark.django_db
def test_messages_of_the_relay_match_the_document():
    place()
    document, rows = documents.messages(), claim(limit=100)
    assert rows
    for row in rows:
        body = protocol.body_of(row)
        message = document["components"]["messages"][row.task]
        headers = document["components"]["messageTraits"]["headers"]["headers"]
        assert errors({**headers, **document}, protocol.headers_of(row, body=body)) == []
        assert errors({**message["payload"], "components": document["components"]}, json.loads(body)) == []


@pytest.mark.django_db
def test_a_message_is_a_cloud_event():
    order = place()
    row = next(row for row in claim(limit=100) if row.task == "payments.charge_payment")
    headers = protocol.headers_of(row, body=protocol.body_of(row))
    event = {name.partition(":")[2]: value for name, value in headers.items() if name.startswith("cloudEvents:")}
    assert datetime.fromisoformat(event.pop("time")) == Message.objects.get(pk=row.pk).created_at
    assert event == {
        "specversion": "1.0",
        "id": str(row.pk),
        "source": "/conveyor",
        "type": "payments.charge_payment.v1",
        "subject": order.number,
    }


def errors(schema: dict, instance) -> list[str]:
    return [error.message for error in Draft7Validator(schema).iter_errors(instance)]


def test_the_command_prints_yaml_and_json(capsys):
    call_command("asyncapi")
    as_yaml = yaml.safe_load(capsys.readouterr().out)
    call_command("asyncapi", "--json")
    assert as_yaml == json.loads(capsys.readouterr().out)
    assert as_yaml["asyncapi"] == "3.0.0"


def test_the_check_passes_for_the_same_document(tmp_path, capsys):
    call_command("asyncapi")
    stored = tmp_path / "asyncapi.yaml"
    stored.write_text(capsys.readouterr().out)
    call_command("asyncapi", "--check", str(stored))
    assert "Compatible" in capsys.readouterr().out


def test_the_check_names_a_message_that_was_removed(tmp_path, capsys):
    call_command("asyncapi", "--json")
    document = json.loads(capsys.readouterr().out)
    document["components"]["messages"]["orders.sing"] = {"x-schema-version": 1}
    stored = tmp_path / "asyncapi.json"
    stored.write_text(json.dumps(document))
    with pytest.raises(CommandError, match=r"Message orders\.sing was removed"):
        call_command("asyncapi", "--check", str(stored))


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"asyncapi: 3.0.0", b"\xff\xfe\xfa", b"[" * 5000])
def test_the_check_of_another_file_is_refused(tmp_path, content):
    stored = tmp_path / "asyncapi.yaml"
    stored.write_bytes(content)
    with pytest.raises(CommandError, match="cannot be read as an AsyncAPI document"):
        call_command("asyncapi", "--check", str(stored))
