"""Does a late express order overtake a backlog, on both brokers?"""

from concurrent.futures import ThreadPoolExecutor

from messaging.models import Message, State
from payments.models import Payment

STANDARD, EXPRESS = 200, 10


def test_late_express_orders_are_charged_before_200_waiting_standard_ones(make_stack):
    stack = make_stack(own_broker=False, workers={"payments": 1, "shipping": 1}, beat=False)
    stack.worker("payments").stop()
    with ThreadPoolExecutor(4) as pool:
        standard = list(pool.map(lambda n: stack.order(key=f"s{n}")["number"], range(STANDARD)))

    def all_sent(count: int) -> bool:
        with stack.db():
            sent = Message.objects.using(stack.alias).filter(task="payments.charge_payment", state=State.SENT)
            return sent.count() == count

    stack.wait_for(lambda: all_sent(STANDARD), what="the backlog waits at the broker")
    express = [stack.order(key=f"e{n}", shipping_method="express")["number"] for n in range(EXPRESS)]
    stack.wait_for(lambda: all_sent(STANDARD + EXPRESS), what="the express orders wait behind it")
    stack.worker("payments").start()

    def order_of_charges() -> list[str]:
        with stack.db():
            captured = Payment.objects.using(stack.alias).filter(
                captured_at__isnull=False, order__number__in=[*standard, *express]
            )
            return list(captured.order_by("captured_at").values_list("order__number", flat=True))

    stack.wait_for(lambda: len(order_of_charges()) == STANDARD + EXPRESS, 90, what="all are charged")
    positions = [order_of_charges().index(number) for number in express]
    # One message may have been handed to the worker before the express ones were looked at.
    assert max(positions) <= EXPRESS, positions
    assert stack.audit() == []
