"""Catalogue of the operators' pages, and the failures, bulk retries and pauses that they show."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from playwright.sync_api import Page

from tests.quality.pages import Example, Visitor
from tests.stack import Stack

ADMIN = "/admin/operations/"


def _example(title: str, path: str) -> Example:
    return Example(title=f"Desk, {title}", path=path, visitor=Visitor.OPERATOR, audit_only=True)


OPERATOR_PAGES = (
    _example("overview", "/admin/"),
    _example("groups", f"{ADMIN}failuregroup/"),
    _example("one group", f"{ADMIN}failuregroup/{{group}}/change/"),
    _example("failed tasks", f"{ADMIN}failedtask/"),
    _example("one failure", f"{ADMIN}failedtask/{{failure}}/change/"),
    _example("edit and retry", f"{ADMIN}failedtask/{{mistyped}}/edit/"),
    _example("bulk preview", f"{ADMIN}bulkoperation/{{previewed}}/change/"),
    _example("bulk running", f"{ADMIN}bulkoperation/{{running}}/change/"),
    _example("bulk finished", f"{ADMIN}bulkoperation/{{finished}}/change/"),
    _example("queues", f"{ADMIN}queues/"),
    _example("messages", "/admin/messaging/message/"),
    _example("orders", "/admin/orders/order/"),
    _example("passport", "/admin/orders/order/{order}/passport/"),
    _example("low stock", "/admin/shop/lowstock/"),
    _example("stock of a product", "/admin/shop/product/{product}/stock/"),
    _example("shipments", "/admin/shipping/shipment/"),
    _example("one shipment", "/admin/shipping/shipment/{shipment}/change/"),
    _example("lost parcel", "/admin/orders/order/{lost}/parcels/"),
)
_FINISHED, _RUNNING = 12, 48


def prepare(stack: Stack, *, stuck: str) -> dict[str, Any]:
    """Create failures of all kinds, bulk retries in each state, a lost parcel and a paused queue; return their ids.

    `stuck` is the public id of an order whose charge is dead and stays dead.
    """
    token, lost = stack.token(), _order_with_lost_parcel(stack)
    ids = {"finished": _start_bulk_retry(stack, token, _FINISHED, rate=50, stuck=stuck)}
    stack.wait_for(
        lambda: stack.api("GET", f"bulk-retries/{ids['finished']}/", token=token)[1]["state"] == "finished",
        what="the bulk retry is finished",
    )
    ids |= json.loads(_shell(stack, f"create_failures(lost={lost!r})").splitlines()[-1])
    ids["running"] = _start_bulk_retry(stack, token, _RUNNING, rate=1, stuck=stuck)
    ids["previewed"] = _create_preview(stack, token, error="GatewayUnavailable", reason="The gateway is back")
    stack.api("POST", "queues/shipping/pause/", json={"reason": "Requested by the carrier until 18:00"}, token=token)
    return ids


def create_claims(stack: Stack) -> None:
    """Create a disputed payment, a refund and a return. Their orders are delivered first, so no queue may be paused."""
    disputed, refunded = stack.order(payment_method="pm_disputed"), stack.order()
    stack.wait_for(lambda: _is_done(stack, disputed) and _is_done(stack, refunded), what="the orders are delivered")
    path, reason = f"orders/{refunded['public_id']}/refunds/", {"amount": 100, "reason": "Scratched on arrival"}
    status, body = stack.api("POST", path, json=reason, token=stack.token())
    assert status < 300, body
    lines = [{"sku": refunded["lines"][0]["sku"], "quantity": 1}]
    path = f"orders/{refunded['public_id']}/returns/"
    status, body = stack.api("POST", path, json={"lines": lines, "reason": "other"})
    assert status == 201, body


def row_ids(stack: Stack) -> dict[str, Any]:
    """Create what only some pages show, such as an alert. Return an id of each list."""
    _shell(stack, "find_disputes()")
    ids: dict[str, Any] = {}

    def exist() -> bool:
        ids.update(json.loads(_shell(stack, "print_row_ids()").splitlines()[-1]))
        return {"payments_dispute", "payments_gatewayrefund", "shop_creditnote"} <= set(ids)

    stack.wait_for(exist, what="the dispute and the refund exist")
    return ids


def _is_done(stack: Stack, order: Mapping[str, Any]) -> bool:
    found = stack.api("GET", f"orders/{order['public_id']}/")[1]
    return (found["status"], found["payment"]["status"]) == ("delivered", "captured")


def preparation(example: Example) -> Callable[[Page], None] | None:
    """Steps to take on the page before its screenshot."""
    return _fill_in_edit if example.slug == "desk-edit-and-retry" else None


def _fill_in_edit(page: Page) -> None:
    page.get_by_label("kind").select_option("shipped")
    page.get_by_role("button", name="Show difference").click()
    page.get_by_label("Reason").fill("Typo in the import of 4 May")


def _order_with_lost_parcel(stack: Stack) -> str:
    """The public id of an order whose parcel the carrier lost."""
    public_id = str(stack.order(city="Lostville")["public_id"])

    def lost() -> bool:
        shipment = stack.api("GET", f"orders/{public_id}/")[1]["shipment"]
        return shipment is not None and shipment["status"] == "lost"

    stack.wait_for(lost, what="the parcel is lost")
    return public_id


def _start_bulk_retry(stack: Stack, token: str, count: int, *, rate: int, stuck: str) -> str:
    """Start a bulk retry of `count` charges that failed with a bug, now fixed; return its id."""
    for _number in range(count):
        stack.order(payment_method="pm_bug")
    dead = "failed-tasks/?error=RuntimeError"
    stack.wait_for(lambda: stack.api("GET", dead, token=token)[1]["count"] > count, what="all of them are dead")
    _shell(stack, f"fix_bug(except_for={stuck!r})")
    operation = _create_preview(stack, token, error="RuntimeError", reason="Fixed in release 42")
    pace = {"rate": rate, "canary": 4, "stop_ratio": 0.5}
    status, body = stack.api("POST", f"bulk-retries/{operation}/start/", json=pace, token=token)
    assert status == 200, body
    return operation


def _create_preview(stack: Stack, token: str, **selection: str) -> str:
    status, body = stack.api("POST", "bulk-retries/", json=selection, token=token)
    assert status == 201, body
    return str(body["id"])


def _shell(stack: Stack, call: str) -> str:
    done = stack.manage("shell", "-c", f"from tests.quality import failures; failures.{call}")
    assert done.returncode == 0, done.stderr
    return done.stdout
