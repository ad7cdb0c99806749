"""Other configurations: quorum queues, threaded workers, persistent database connections."""

import pytest
from django.db import connections

from messaging.models import Attempt, Message, State


def test_quorum_queues_deliver_orders_and_stop_poison_messages(make_stack, request):
    if "production" not in request.node.nodeid:
        pytest.skip("only RabbitMQ has quorum queues")
    stack = make_stack(own_broker=False, beat=False, env={"QUEUE_TYPE": "quorum"})
    poison = stack.order(payment_method="pm_crash")
    others = [stack.order(), stack.order(payment_method="pm_flaky_2")]
    for order in others:
        stack.wait_status(order, "shipped", "delivered")

    def dead():
        with stack.db():
            return list(Message.objects.using(stack.alias).filter(subject=poison["number"], state=State.DEAD))

    stack.wait_for(dead, what="the message that kills its worker is dead")
    assert [message.error_type for message in dead()] == ["WorkerLost"]
    with stack.db():
        failures = Attempt.objects.using(stack.alias).filter(message=dead()[0].pk)
        assert len(set(failures.values_list("error_type", "error_message", "fingerprint"))) == 1
    assert stack.audit() == []


def test_threaded_workers_process_every_order(make_stack):
    stack = make_stack(own_broker=False, beat=False, workers={})
    for queues in ("payments", "shipping", "notifications,maintenance"):
        worker = stack.new_worker(queues, 8, pool="threads")
        stack.workers.append(worker)
        worker.start()
    orders = [stack.order(payment_method=method) for method in ("pm_card_visa", "pm_lost_reply", "pm_flaky_2") * 4]
    for order in orders:
        stack.wait_status(order, "shipped", "delivered")
        assert stack.wait_payment(order)["status"] == "captured"
    assert stack.audit() == []


def test_workers_keep_their_database_connections_between_tasks(stack):
    if stack.backend != "production":
        pytest.skip("SQLite has no sessions to count")

    def sessions() -> int:
        with stack.db(), connections[stack.alias].cursor() as cursor:
            cursor.execute("SELECT sessions FROM pg_stat_database WHERE datname = current_database()")
            return cursor.fetchone()[0]

    stack.wait_status(stack.order(), "shipped", "delivered")
    before = sessions()
    orders = [stack.order() for _ in range(20)]
    numbers = [order["number"] for order in orders]

    def handled() -> int:
        with stack.db():
            return Message.objects.using(stack.alias).filter(subject__in=numbers, state=State.DONE).count()

    stack.wait_for(lambda: handled() > 40, what="the orders' messages are handled")
    assert sessions() - before < 20


def test_a_worker_whose_name_is_taken_says_so_and_starts_once_the_other_has_stopped(make_stack, request):
    if "production" not in request.node.nodeid:
        pytest.skip("on Valkey, workers may share a name")
    stack = make_stack(own_broker=False, beat=False, web=0, relays=0, workers={"payments": 1})
    first, second = stack.workers[0], stack.new_worker("payments")
    place = second.command.index("--hostname") + 1
    second.command[place] = first.command[place]
    stack.workers.append(second)
    second.start(wait=False)
    stack.wait_for(lambda: "virtual host or --hostname" in second.text(), what="the second worker says why")
    assert " ready." not in second.text()
    first.stop()
    second.wait_ready()
