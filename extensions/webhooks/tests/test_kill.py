"""A worker that is killed while the merchant has the request: the event is sent again, under the same ID."""

import pytest
from standardwebhooks import Webhook

from extensions.webhooks.models import Attempt, Delivery, State
from extensions.webhooks.tests.merchant import Merchant, answer
from tests.conftest import STACKS
from tests.stack import BACKENDS, Stack

ENV = {
    "CONVEYOR_EXTENSIONS": "webhooks",
    "CONVEYOR_WEBHOOK_LOCAL": "1",
    "CONVEYOR_VISIBILITY": "6",  # Valkey returns a dead worker's message only then
}
_SEND = """
import django; django.setup()
from extensions.webhooks.deliveries import send_test
from extensions.webhooks.models import Endpoint
from messaging.operations.permissions import Actor
endpoint = Endpoint.objects.create(url={url!r}, events=["order.paid"])
send_test(endpoint=endpoint, actor=Actor.system("test"))
print(endpoint.secret)
"""


@pytest.mark.stack
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_kill_between_request_and_commit_repeats_the_event_under_its_id(backend, django_db_blocker, request):
    stack = Stack(backend, blocker=django_db_blocker, env=ENV, workers={"webhooks": 1}, beat=False, web=0)
    request.node.stash[STACKS] = [stack]
    try:
        stack.start()
        with Merchant() as merchant:
            merchant.behaviour = merchant.hang
            secret = stack.python(
                "-c", _SEND.format(url=merchant.url), DJANGO_SETTINGS_MODULE="config.settings"
            ).stdout.strip()
            stack.wait_for(lambda: merchant.requests)
            worker = stack.worker("webhooks")
            worker.kill()
            merchant.behaviour = answer(204)
            worker.start()

            with stack.db() as alias:
                delivered = Delivery.objects.using(alias).filter(state=State.DELIVERED)
                stack.wait_for(delivered.exists, what="the event is delivered")
                attempts = Attempt.objects.using(alias).order_by("id")
                assert list(attempts.values_list("status", flat=True)) == [None, 204]
            first, second = merchant.requests
            assert first.headers["webhook-id"] == second.headers["webhook-id"]
            assert first.body == second.body
            assert Webhook(secret).verify(second.body, second.headers)["type"] == "webhook.test"
    finally:
        stack.remove()
