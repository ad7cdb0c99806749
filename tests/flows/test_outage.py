"""Gateway outage longer than all retries: orders wait without spending attempts and are paid afterwards."""

import time

from messaging.models import Attempt, Circuit, Message, State

CHARGE = "payments.charge_payment"
NAME = "gateway.simulated"


def test_orders_wait_out_a_gateway_outage_without_attempts_and_are_paid_afterwards(make_stack):
    env = {"CONVEYOR_CIRCUIT_SECONDS": "0.5"}
    stack = make_stack(own_broker=False, env=env, workers={"payments": 2, "shipping": 1})
    stack.wait_status(stack.order(), "shipped", "delivered")
    outage(stack, "--seconds", "600")
    orders = [stack.order() for _ in range(3)]
    stack.wait_for(lambda: circuit(stack)["state"] != "closed", what="three failures in a row open the circuit")
    orders += [stack.order() for _ in range(9)]
    time.sleep(8)  # longer than five attempts, one second apart
    with stack.db() as database:
        charges = Message.objects.using(database).filter(task=CHARGE, subject__in=[o["number"] for o in orders])
        assert {message.state for message in charges} <= {State.PENDING, State.SENT}
        untried = charges.filter(subject__in=[order["number"] for order in orders[3:]])
        assert set(untried.values_list("attempts", flat=True)) == {0}
        assert not Attempt.objects.using(database).filter(message__in=untried).exists()
        assert Circuit.objects.using(database).get().is_open
    assert circuit(stack)["waiting"] > 0
    told = stack.api("GET", f"orders/{orders[-1]['public_id']}/")[1]["timeline"][-1]["text"]
    assert told == "The bank is unreachable. Your payment will continue once it is back"
    assert "conveyor_circuit_open" in stack.api("GET", "/metrics")[1]
    assert stack.audit() == []

    outage(stack, "--end")
    for order in orders:
        stack.wait_status(order, "shipped", "delivered")
    assert circuit(stack)["state"] == "closed"
    assert stack.audit() == []


def outage(stack, *arguments: str) -> None:
    done = stack.manage("outage", NAME, *arguments)
    assert done.returncode == 0, done.stderr


def circuit(stack) -> dict:
    _, page = stack.api("GET", "circuits/", token=stack.token())
    return next(row for row in page["results"] if row["name"] == NAME)
