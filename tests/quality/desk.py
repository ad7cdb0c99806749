"""Which pages does the operators' desk have, and how does it get into the states in which they are looked at?"""

import json
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page

from tests.quality.pages import Example, Visitor
from tests.stack import Stack

ADMIN = "/admin/operations/"


def _example(title: str, path: str) -> Example:
    return Example(title=f"Desk, {title}", path=path, visitor=Visitor.OPERATOR, only_staged=True)


DESK = (
    _example("groups", f"{ADMIN}failuregroup/"),
    _example("one group", f"{ADMIN}failuregroup/{{group}}/change/"),
    _example("failed tasks", f"{ADMIN}failedtask/"),
    _example("one failure", f"{ADMIN}failedtask/{{failure}}/change/"),
    _example("edit with its difference", f"{ADMIN}failedtask/{{mistyped}}/edit/"),
    _example("bulk preview", f"{ADMIN}bulkoperation/{{previewed}}/change/"),
    _example("bulk running", f"{ADMIN}bulkoperation/{{running}}/change/"),
    _example("bulk finished", f"{ADMIN}bulkoperation/{{finished}}/change/"),
    _example("queues", f"{ADMIN}queues/"),
    _example("passport", "/admin/orders/order/{order}/passport/"),
    _example("low stock", "/admin/shop/lowstock/"),
    _example("stock of a product", "/admin/shop/product/{product}/stock/"),
    _example("shipments", "/admin/shipping/shipment/"),
    _example("one shipment", "/admin/shipping/shipment/{shipment}/change/"),
    _example("lost parcel", "/admin/orders/order/{lost}/parcels/"),
)
_MENDED, _GOING = 12, 48


def prepare(stack: Stack, *, stuck: str) -> dict[str, Any]:
    """Failures of all kinds, bulk retries in each state, a lost parcel, a paused queue; what the addresses above name.

    `stuck` is the public id of an order whose charge is dead, and stays so.
    """
    token, lost = stack.token(), _lost(stack)
    places = {"finished": _retried(stack, token, _MENDED, rate=50, stuck=stuck)}
    stack.wait_for(
        lambda: stack.api("GET", f"bulk-retries/{places['finished']}/", token=token)[1]["state"] == "finished",
        what="the bulk retry has ended",
    )
    places |= json.loads(_shell(stack, f"happen(lost={lost!r})").splitlines()[-1])
    places["running"] = _retried(stack, token, _GOING, rate=1, stuck=stuck)
    places["previewed"] = _previewed(stack, token, error="GatewayUnavailable", reason="The bank is back")
    stack.api("POST", "queues/shipping/pause/", json={"reason": "The carrier asked for it until 18:00"}, token=token)
    return places


def steps(example: Example) -> Callable[[Page], None] | None:
    """What is done on the page before it is looked at."""
    return _mend if "edit" in example.slug else None


def _mend(page: Page) -> None:
    page.get_by_label("kind").select_option("shipped")
    page.get_by_role("button", name="Show difference").click()
    page.get_by_label("Reason").fill("The kind was mistyped in the import of 4 May")


def _lost(stack: Stack) -> str:
    """The public id of an order whose parcel the carrier has lost."""
    public_id = str(stack.order(city="Lostville")["public_id"])

    def lost() -> bool:
        shipment = stack.api("GET", f"orders/{public_id}/")[1]["shipment"]
        return shipment is not None and shipment["status"] == "lost"

    stack.wait_for(lost, 60, what="the parcel is lost")
    return public_id


def _retried(stack: Stack, token: str, count: int, *, rate: int, stuck: str) -> str:
    """A bulk retry of so many charges that met a bug which is mended now; it has begun."""
    for _number in range(count):
        stack.order(payment_method="pm_bug")
    dead = "failed-tasks/?error=RuntimeError"
    stack.wait_for(lambda: stack.api("GET", dead, token=token)[1]["count"] > count, 120, what="all of them are dead")
    _shell(stack, f"mend(but={stuck!r})")
    operation = _previewed(stack, token, error="RuntimeError", reason="Release 42 mends it")
    pace = {"rate": rate, "canary": 4, "stop_ratio": 0.5}
    status, body = stack.api("POST", f"bulk-retries/{operation}/start/", json=pace, token=token)
    assert status == 200, body
    return operation


def _previewed(stack: Stack, token: str, **wanted: str) -> str:
    status, body = stack.api("POST", "bulk-retries/", json=wanted, token=token)
    assert status == 201, body
    return str(body["id"])


def _shell(stack: Stack, call: str) -> str:
    done = stack.manage("shell", "-c", f"from tests.quality import failures; failures.{call}")
    assert done.returncode == 0, done.stderr
    return done.stdout
