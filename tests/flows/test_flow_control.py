"""Flow control on real brokers: the bound holds whatever is killed, low messages end under overload, nothing is sent
twice."""

from concurrent.futures import ThreadPoolExecutor

from django.db.models import Max, Sum
from kombu import Connection

from messaging.broker import inspect
from messaging.broker.settings import transport_options
from messaging.models import Message, State
from orders.models import Order

BOUND = 10
NORMAL = 9  # the last tenth is for urgent messages
ORDERS = 60
ENDED = ("shipped", "delivered")


def place(stack, count: int, **options) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: stack.order(**options), range(count)))


def ended(stack, count: int) -> bool:
    with stack.db():
        return Order.objects.using(stack.alias).filter(status__in=ENDED).count() >= count


def test_the_broker_never_holds_more_than_the_bound_and_each_message_is_sent_once(make_stack):
    stack = make_stack(own_broker=False, relays=2, beat=False, env={"CONVEYOR_IN_FLIGHT": str(BOUND)})
    stack.worker("payments").stop()
    depths: list[int] = []

    def look() -> int:
        url = stack.broker.url
        with Connection(url, transport_options=transport_options(url, visibility=60)) as connection:
            depths.append(inspect.depth(connection, "payments"))
        return depths[-1]

    place(stack, ORDERS)
    stack.wait_for(lambda: look() == NORMAL, what="the queue is full")
    for _ in range(5):
        look()
    stack.worker("payments").start()
    stack.wait_for(lambda: look() >= 0 and ended(stack, ORDERS), what="all orders are shipped")
    assert max(depths) == NORMAL
    with stack.db():
        done = Message.objects.using(stack.alias).filter(
            task__in=("payments.charge_payment", "shipping.create_shipment")
        )
        assert done.count() == 2 * ORDERS
        assert done.aggregate(sends=Max("sends"), attempts=Sum("attempts")) == {"sends": 1, "attempts": 0}
        assert not Message.objects.using(stack.alias).filter(state=State.DEAD).exists()
    assert stack.audit() == []
