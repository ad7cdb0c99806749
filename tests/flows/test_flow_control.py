"""Flow control on real brokers: two relays keep a queue within its bound, and each message is sent once."""

from django.db.models import Max, Sum
from kombu import Connection

from messaging.broker import inspect
from messaging.broker.settings import transport_options
from messaging.models import Message, State
from tests.stack.orders import acknowledge, assert_once, count_messages, finished, place

BOUND = 10
NORMAL = 9  # the last tenth is for urgent messages


def test_the_broker_never_holds_more_than_the_bound_and_each_message_is_sent_once(make_stack):
    stack = make_stack(own_broker=False, relays=2, beat=False, env={"CONVEYOR_IN_FLIGHT": str(BOUND)})
    stack.worker("payments").stop()
    depths: list[int] = []

    def look() -> int:
        url = stack.broker.url
        with Connection(url, transport_options=transport_options(url, visibility=60)) as connection:
            depths.append(inspect.depth(connection, "payments"))
        return depths[-1]

    numbers = place(stack, 30)
    stack.wait_for(lambda: look() == NORMAL, what="the queue is full")
    later = place(stack, 30)
    acknowledge(stack, later)
    stack.wait_for(
        lambda: look() and count_messages(stack, "orders.send_email", later, state=State.DONE) == len(later),
        what="the relays have been through everything that was due",
    )
    assert count_messages(stack, "payments.charge_payment", numbers + later, state=State.SENT) == NORMAL
    stack.worker("payments").start()
    stack.wait_for(lambda: look() >= 0 and finished(stack, numbers + later), what="all orders are shipped")
    assert max(depths) == NORMAL
    assert_once(stack, numbers + later)
    with stack.db() as alias:
        done = Message.objects.using(alias).filter(task__in=("payments.charge_payment", "shipping.create_shipment"))
        assert done.count() == 2 * len(numbers + later)
        assert done.aggregate(sends=Max("sends"), attempts=Sum("attempts")) == {"sends": 1, "attempts": 0}
        assert not Message.objects.using(alias).filter(state=State.DEAD).exists()
