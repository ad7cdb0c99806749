"""Worker kills: one return parcel and one e-mail with its label, whichever step the worker dies at."""

from collections.abc import Iterator
from typing import Any

import pytest

from messaging.models import Message
from orders.models import EmailDelivery
from shipping.models import CarrierParcel
from tests.conftest import STACKS
from tests.kill_points.apps import AFTER_CALL, AFTER_COMMIT, BEFORE_CALL, arm
from tests.stack import BACKENDS, Stack

ENV = {
    "DJANGO_SETTINGS_MODULE": "tests.kill_points.settings",
    "CONVEYOR_VISIBILITY": "6",  # Valkey returns a dead worker's message only then
}
TASK = "shop.send_return_label"
POINTS = (f"book_return.{BEFORE_CALL}", f"book_return.{AFTER_CALL}", f"book_return.{AFTER_COMMIT}")


@pytest.fixture(scope="module", params=BACKENDS)
def kill_stack(request: pytest.FixtureRequest, django_db_blocker: Any) -> Iterator[Stack]:
    workers = {"payments,shipping": 2, "notifications,maintenance": 2}
    stack = Stack(request.param, blocker=django_db_blocker, env=ENV, workers=workers)
    try:
        yield stack.start()
    finally:
        stack.remove()


@pytest.mark.parametrize("victim", ["child", "worker"])
@pytest.mark.parametrize("point", POINTS)
def test_a_kill_at_any_step_leaves_one_parcel_and_one_label(kill_stack, point, victim, request):
    request.node.stash[STACKS] = [kill_stack]
    order = kill_stack.order()
    path = f"orders/{order['public_id']}/"
    kill_stack.wait_for(lambda: kill_stack.api("GET", path)[1]["status"] == "delivered", what="it is delivered")
    armed = arm(kill_stack.folder, point, victim)
    lines = [{"sku": line["sku"], "quantity": line["quantity"]} for line in order["lines"]]
    code, found = kill_stack.api("POST", f"{path}returns/", json={"lines": lines, "reason": "other"})
    assert code == 201
    kill_stack.wait_for(lambda: is_settled(kill_stack, order) and not armed.exists(), what="the label is sent")
    assert_sent_once(kill_stack, order, found["number"])
    assert kill_stack.audit() == []


def is_settled(stack: Stack, order: dict[str, Any]) -> bool:
    worker = stack.worker("notifications")
    if not worker.running:  # what a supervisor does
        worker.kill()
        worker.start(wait=False)
    with stack.db() as database:
        about = Message.objects.using(database).filter(subject=order["number"], task=TASK)
        return not about.live().exists()


def assert_sent_once(stack: Stack, order: dict[str, Any], number: str) -> None:
    with stack.db() as database:
        parcel = CarrierParcel.objects.using(database).get(idempotency_key=number)
        emails = EmailDelivery.objects.using(database).filter(order__number=order["number"], kind="return_label")
        assert [email.state for email in emails] == [EmailDelivery.State.SENT]
        assert not Message.objects.using(database).dead().filter(subject=order["number"]).exists()
    [shown] = stack.api("GET", f"orders/{order['public_id']}/returns/")[1]["results"]
    assert (shown["tracking_number"], shown["label_url"] is not None) == (parcel.tracking_number, True)
