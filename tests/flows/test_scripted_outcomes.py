"""Scripted outcomes of payment methods and cities, on real brokers and databases."""

import pytest

from messaging.models import Attempt, Message, State
from payments.models import GatewayCharge, Payment
from shipping.models import Shipment
from shop.models import Product


def charges(stack, order, **which) -> int:
    """The number of charges for the order in the gateway's own record."""
    with stack.db():
        keys = [
            str(pk)
            for pk in Payment.objects.using(stack.alias)
            .filter(order__number=order["number"])
            .values_list("pk", flat=True)
        ]
        return GatewayCharge.objects.using(stack.alias).filter(idempotency_key__in=keys, **which).count()


def wait_dead(stack, order) -> dict:
    """The order's failed task as the API shows it to operators."""
    token = stack.token()

    def found():
        _, page = stack.api("GET", f"failed-tasks/?subject={order['number']}", token=token)
        return page["results"]

    stack.wait_for(found, what=f"{order['number']} has a failed task")
    (task,) = found()
    return task


@pytest.mark.parametrize(
    ("method", "attempts"), [("pm_card_visa", 1), ("pm_flaky_2", 3), ("pm_lost_reply", 2), ("pm_slow_5", 1)]
)
def test_a_method_that_eventually_succeeds_is_charged_once_and_shipped(stack, method, attempts):
    order = stack.order(payment_method=method)
    shipped = stack.wait_status(order, "shipped", "delivered")
    assert stack.wait_payment(order) == {"status": "captured", "attempts": attempts, "action_url": None}
    assert shipped["shipment"]["tracking_number"]
    assert charges(stack, order) == 1
    assert stack.audit() == []


def test_a_declined_card_releases_the_stock_and_another_card_pays(stack):
    sku = stack.sku()
    before = stack.api("GET", f"products/{sku}/")[1]["stock"]
    order = stack.order(payment_method="pm_card_declined", lines=[{"sku": sku, "quantity": 2}])
    failed = stack.wait_status(order, "payment_failed")
    assert failed["payment"]["status"] == "failed"
    assert stack.api("GET", f"products/{sku}/")[1]["stock"] == before
    status, again = stack.api("POST", f"orders/{order['public_id']}/pay/", json={"payment_method": "pm_card_visa"})
    assert (status, again["status"]) == (200, "placed")
    assert stack.api("GET", f"products/{sku}/")[1]["stock"] == before - 2
    stack.wait_status(order, "shipped", "delivered")
    assert charges(stack, order) == 1
    assert stack.audit() == []


def test_an_outage_leaves_a_dead_message_after_five_attempts(stack):
    order = stack.order(payment_method="pm_outage")
    task = wait_dead(stack, order)
    assert (task["task"], task["attempts"]) == ("payments.charge_payment", 5)
    assert task["error"]["type"].endswith("GatewayUnavailable")
    shown = stack.api("GET", f"orders/{order['public_id']}/")[1]
    assert shown["status"] == "placed"
    assert "Waiting for our team to look into it" in [entry["text"] for entry in shown["timeline"]]
    assert charges(stack, order) == 0
    assert stack.audit() == []


def test_a_bug_is_dead_at_once_and_a_retry_after_the_fix_completes_the_order(stack):
    order = stack.order(payment_method="pm_bug", shipping_method="express")
    task = wait_dead(stack, order)
    assert task["attempts"] == 1
    assert task["error"]["type"] == "RuntimeError"
    with stack.db():
        attempt = Attempt.objects.using(stack.alias).get(message_id=task["id"])
        assert "payments/gateways/simulated.py" in attempt.traceback
        Payment.objects.using(stack.alias).filter(order__number=order["number"]).update(method="pm_card_visa")
    status, answer = stack.api("POST", f"failed-tasks/{task['id']}/retry/", token=stack.token())
    assert status == 200, answer
    stack.wait_status(order, "shipped", "delivered")
    assert charges(stack, order) == 1
    assert stack.audit() == []


def test_a_task_that_kills_its_worker_is_dead_after_five_deliveries_and_affects_no_other(stack):
    order = stack.order(payment_method="pm_crash")
    others = [stack.order() for _ in range(5)]
    task = wait_dead(stack, order)
    assert task["error"]["type"] == "WorkerLost"
    assert task["attempts"] == 5
    for other in others:
        stack.wait_status(other, "shipped", "delivered")
        assert charges(stack, other) == 1
    with stack.db():
        assert Message.objects.using(stack.alias).filter(subject=order["number"], state=State.DEAD).count() == 1
    assert stack.audit() == []


def test_a_carrier_that_is_unavailable_twice_ships_at_the_third_attempt(stack):
    order = stack.order(city="Flakytown")
    stack.wait_status(order, "shipped", "delivered")
    with stack.db():
        assert Shipment.objects.using(stack.alias).filter(order__number=order["number"]).count() == 1
        booking = Message.objects.using(stack.alias).get(subject=order["number"], task="shipping.create_shipment")
        assert (booking.state, booking.attempts) == (State.DONE, 2)
    assert stack.audit() == []


def test_a_carrier_that_never_responds_leaves_a_dead_message(stack):
    order = stack.order(city="Nowhere")
    task = wait_dead(stack, order)
    assert (task["task"], task["attempts"]) == ("shipping.create_shipment", 5)
    assert stack.api("GET", f"orders/{order['public_id']}/")[1]["status"] == "paid"
    assert stack.audit() == []


def test_a_rejected_address_is_dead_at_once(stack):
    order = stack.order(city="Rejectford")
    task = wait_dead(stack, order)
    assert (task["task"], task["attempts"]) == ("shipping.create_shipment", 1)
    assert task["error"]["type"].endswith("AddressRejected")
    assert stack.audit() == []


@pytest.mark.parametrize(("city", "end"), [("Lostville", "lost"), ("Returnham", "returned")])
def test_an_undelivered_parcel_is_reported_and_needs_an_operator(stack, city, end):
    order = stack.order(city=city)

    def not_delivered() -> bool:
        shown = stack.api("GET", f"orders/{order['public_id']}/")[1]
        return shown["shipment"] is not None and shown["shipment"]["status"] == end

    stack.wait_for(not_delivered, what=f"the parcel of {order['number']} is {end}")
    shown = stack.api("GET", f"orders/{order['public_id']}/")[1]
    assert shown["status"] == "shipped"
    assert shown["timeline"][-1]["event"] == f"parcel_{end}"
    assert stack.audit() == []


def test_an_order_cancelled_before_its_parcel_is_booked_gives_its_reserved_money_free(stack):
    order = stack.order(city="Nowhere")
    stack.wait_status(order, "paid")
    wait_dead(stack, order)
    status, body = stack.api("POST", f"orders/{order['public_id']}/cancel/")
    assert status == 200, body
    assert stack.wait_payment(order, "cancelled")["action_url"] is None
    voided = GatewayCharge.State.VOIDED
    stack.wait_for(lambda: charges(stack, order, state=voided) == 1, what="the gateway has released the money")
    assert stack.wait_status(order, "cancelled")["credit_notes"] == []
    assert stack.audit() == []


def test_an_order_refunded_after_its_capture_gets_a_credit_note(stack):
    order = stack.order()
    stack.wait_status(order, "delivered")
    stack.wait_payment(order)
    amount = {"amount": order["total"]["amount"], "reason": "goodwill"}
    status, body = stack.api("POST", f"orders/{order['public_id']}/refunds/", json=amount, token=stack.token())
    assert status < 300, body
    refunded = stack.wait_status(order, "refunded")
    assert refunded["payment"]["status"] == "refunded"
    assert [note["amount"] for note in refunded["credit_notes"]] == [order["total"]]
    assert stack.audit() == []


def test_an_order_cancelled_before_capture_is_not_charged(stack):
    order = stack.order(payment_method="pm_slow_5")
    assert stack.api("POST", f"orders/{order['public_id']}/cancel/")[0] == 200
    stack.wait_status(order, "cancelled", "refunded")

    def settled() -> bool:
        with stack.db():
            return not Message.objects.using(stack.alias).live().filter(subject=order["number"]).exists()

    stack.wait_for(settled, what="no live messages of the order")
    with stack.db():
        payment = Payment.objects.using(stack.alias).get(order__number=order["number"])
        assert payment.status in ("cancelled", "refunded")
    assert stack.audit() == []


def test_the_last_piece_is_sold_once_and_the_next_buyer_is_refused(stack):
    with stack.db():
        product = Product.objects.using(stack.alias).listed().filter(stock__gt=0).order_by("stock").first()
        left = product.stock
    body = stack.order(lines=[{"sku": product.sku, "quantity": left + 1}], expect=409)
    assert body["errors"]
    assert product.sku in str(body)
    order = stack.order(lines=[{"sku": product.sku, "quantity": left}])
    stack.order(lines=[{"sku": product.sku, "quantity": 1}], expect=409)
    stack.wait_status(order, "shipped", "delivered")
    assert stack.audit() == []


def test_an_order_that_stays_unpaid_is_cancelled(make_stack):
    stack = make_stack(env={"CONVEYOR_UNPAID_SECONDS": "2"}, own_broker=False)
    before = stack.api("GET", f"products/{stack.sku()}/")[1]["stock"]
    order = stack.order(payment_method="pm_card_declined")
    stack.wait_status(order, "cancelled")
    assert stack.api("GET", f"products/{stack.sku()}/")[1]["stock"] == before
    assert stack.audit() == []
