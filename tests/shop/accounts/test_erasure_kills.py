"""An erasure whose worker is killed again and again ends all the same."""

from functools import partial
from typing import Any

import pytest

from messaging.models import Message, State
from orders.models import Order, Status
from shop.models import Erasure, User
from shop.payloads import EraseAccount
from tests.stack import BACKENDS, Stack

ORDERS, KILLS, NAME = 1000, 2, "Zoe Quillfeather"
CLOSE = """
from shop.accounts.closing import close_account
from shop.models import User
close_account(user=User.objects.get(username="shopper"))
"""


@pytest.mark.slow
@pytest.mark.parametrize("backend", BACKENDS)
def test_an_erasure_survives_kills_of_its_worker(backend: str, django_db_blocker: Any):
    env = {"CONVEYOR_VISIBILITY": "6"}  # Valkey returns a dead worker's message only then
    stack = Stack(backend, blocker=django_db_blocker, env=env, workers={"notifications,maintenance": 1})
    try:
        erase_under_fire(stack.start())
    finally:
        stack.remove()


def erase_under_fire(stack: Stack) -> None:
    with stack.db() as database:
        user = User.objects.using(database).get(username="shopper")
        values = {"currency": "EUR", "subtotal": 0, "total": 0, "status": Status.DELIVERED, "country": "CH"}
        orders = (Order(user=user, email=user.email, name=NAME, **values) for _ in range(ORDERS))
        Order.objects.using(database).bulk_create(orders, batch_size=100)
    [worker] = stack.workers
    worker.kill()
    closed = stack.manage("shell", "-c", CLOSE)
    assert closed.returncode == 0, closed.stderr
    for kill in range(KILLS):
        worker.start(wait=False)
        most = ORDERS - (kill + 1) * ORDERS // (KILLS + 2)
        stack.wait_for(partial(has_at_most, stack, most), what="the erasure continued")
        worker.kill()
        assert left(stack) > 0
    worker.start(wait=False)
    stack.wait_for(lambda: is_erased(stack), what="the erasure ended")
    with stack.db() as database:
        assert not Order.objects.using(database).filter(name=NAME).exists()
        assert not Message.objects.using(database).filter(task=EraseAccount.task).exclude(state=State.DONE).exists()


def has_at_most(stack: Stack, count: int) -> bool:
    return left(stack) <= count


def left(stack: Stack) -> int:
    with stack.db() as database:
        return Order.objects.using(database).filter(name=NAME).count()


def is_erased(stack: Stack) -> bool:
    with stack.db() as database:
        return not Erasure.objects.using(database).exists()
