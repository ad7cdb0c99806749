"""The documentation of webhooks: the merchant's code works as written, and tables and schema agree with the code."""

import json
import os
import re
from typing import Any

import pytest

from extensions.webhooks import deliveries, events, retries
from extensions.webhooks.models import Delivery
from tests.delivery import deliver_due
from tests.factories import place
from tests.stack.program import PROJECT

GUIDE = (PROJECT / "docs/how-to/send-webhooks.md").read_text()
REFERENCE = (PROJECT / "docs/reference/webhook-events.md").read_text()
SCHEMA = PROJECT / "docs/reference/schemas/webhook-event.v1.json"


@pytest.fixture
def receive() -> Any:
    """The function of the guide."""
    (code,) = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102 - the guide's own code
    return names["receive"]


@pytest.mark.django_db(transaction=True)
def test_the_receiver_of_the_guide_processes_an_event_once_and_refuses_forged_ones(receive, endpoint, merchant):
    place()
    deliver_due()
    delivery = Delivery.objects.get(event="order.placed")
    deliveries.resend(delivery_id=delivery.pk, sends=1, actor=deliveries.Actor.system("ann"))
    deliver_due()
    requests = [each for each in merchant.requests if each.headers["webhook-id"] == delivery.webhook_id]
    assert len(requests) == 2
    seen: set[str] = set()
    processed: list[dict[str, Any]] = []

    def answer(request: Any, **changes: Any) -> int:
        given = {"secret": endpoint.secret, "headers": request.headers, "body": request.body.encode()}
        return receive(**given | changes, seen=seen, process=processed.append)

    assert [answer(request) for request in requests] == [204, 204]
    assert [event["type"] for event in processed] == ["order.placed"]
    forged = requests[0].body.replace("placed", "paid").encode()
    other = {**requests[0].headers, "webhook-id": "msg_other"}
    old = {**requests[0].headers, "webhook-timestamp": "1"}
    changes = [{"body": forged}, {"headers": other}, {"headers": old}, {"headers": {}}]
    assert [answer(requests[0], **change) for change in changes] == [400] * 4
    assert len(processed) == 1


def test_every_type_is_in_the_reference_and_no_other_is():
    listed = re.findall(r"^\| `([a-z_.]+)` \| [^|]+ \|$", REFERENCE.partition("## Types")[2], re.MULTILINE)
    assert listed == [*events.TYPES, events.TEST]


def test_the_example_of_the_reference_is_an_event():
    (body,) = re.findall(r"^\{.*\}$", REFERENCE, re.MULTILINE)
    assert events.Event.model_validate_json(body).as_body() == body


def test_the_delays_of_the_guide_are_those_of_the_code():
    units = {"s": 1, "min": 60, "h": 3600}
    (sentence,) = re.findall(r"is repeated after ([^:]+):", GUIDE)
    found = [int(number) * units[unit] for number, unit in re.findall(r"(\d+) (s|min|h)", sentence)]
    assert found == list(retries.DELAYS)


def test_the_schema_of_bodies_is_as_published():
    """UPDATE_SCHEMAS=1 writes it. What merchants have read must stay true: add fields, and change none."""
    schema = events.Event.model_json_schema(mode="serialization")
    if os.environ.get("UPDATE_SCHEMAS"):
        SCHEMA.write_text(json.dumps(schema, indent=2) + "\n")
    assert json.loads(SCHEMA.read_text()) == schema
