"""Priorities: late express orders overtake a backlog on both brokers."""

from concurrent.futures import ThreadPoolExecutor

from messaging.models import Message, State
from payments.models import Payment

STANDARD, EXPRESS = 60, 10


def test_late_express_orders_are_charged_before_waiting_standard_ones(make_stack):
    stack = make_stack(
        own_broker=False, env={"CONVEYOR_VISIBILITY": "600"}, workers={"payments": 1, "shipping": 1}, beat=False
    )
    stack.worker("payments").stop()
    with ThreadPoolExecutor(4) as pool:
        standard = list(pool.map(lambda n: stack.order(key=f"s{n}")["number"], range(STANDARD)))

    def all_sent(count: int) -> bool:
        with stack.db():
            sent = Message.objects.using(stack.alias).filter(task="payments.charge_payment", state=State.SENT)
            return sent.count() == count

    stack.wait_for(lambda: all_sent(STANDARD), what="the backlog is in flight")
    express = [stack.order(key=f"e{n}", shipping_method="express")["number"] for n in range(EXPRESS)]
    stack.wait_for(lambda: all_sent(STANDARD + EXPRESS), what="the express orders are in flight behind it")
    stack.worker("payments").start()

    def charged_numbers() -> list[str]:
        with stack.db():
            captured = Payment.objects.using(stack.alias).filter(
                captured_at__isnull=False, order__number__in=[*standard, *express]
            )
            return list(captured.order_by("captured_at").values_list("order__number", flat=True))

    stack.wait_for(lambda: len(charged_numbers()) == STANDARD + EXPRESS, what="all orders are charged")
    positions = [charged_numbers().index(number) for number in express]
    # The worker may already hold one standard message when the express ones arrive.
    assert max(positions) <= EXPRESS, positions
    assert stack.audit() == []
