"""What is measured: pages of the shop and of operators, the tasks of an order, a claim, a checkout."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from typing import Any

from bench.support.growth.probe import Cost, Probe
from bench.support.in_process import get, operator
from bench.support.scratch import fill_ledger, settle

CLAIM = 1000
ROUNDS = 9
ADDRESS = {"line1": "Main St 1", "city": "Bern", "postcode": "3011", "country": "CH"}
TASKS = {
    "charge": {"task": "payments.charge_payment"},
    "e-mail, paid": {"task": "orders.send_email", "payload__kind": "paid"},
    "shipment": {"task": "shipping.create_shipment"},
    "e-mail, shipped": {"task": "orders.send_email", "payload__kind": "shipped"},
    "tracking": {"task": "shipping.track_shipment"},
}
OPERATORS = {
    "messages": "messaging/message/",
    "failed tasks": "operations/failedtask/",
    "failure groups": "operations/failuregroup/",
    "queues": "operations/queues/",
    "orders": "orders/order/",
    "an order by number": "orders/order/?q={number}",
    "an order's passport": "orders/order/{pk}/passport/",
    "payments": "payments/payment/",
    "parcels": "shipping/shipment/",
    "stock movements": "shop/stockmovement/",
    "low stock": "shop/lowstock/",
    "a product's stock": "shop/product/{product}/stock/",
}
Measured = Iterator[tuple[str, str, Cost]]


def body(number: int, sku: str) -> dict[str, Any]:
    """An order as the API takes it."""
    return {
        "email": f"s{number}@shop.example",
        "name": "Ann Smith",
        "address": ADDRESS,
        "shipping_method": "standard",
        "payment_method": "pm_card_visa",
        "lines": [{"sku": sku, "quantity": 1}],
    }


class Subjects:
    """Measures everything at the present size. Yields group, name and cost."""

    def __init__(self, *, words: dict[str, str], slug: str, category: str) -> None:
        """`words` are searched for; `slug` is a product, listed in `category`."""
        from django.test import Client

        from shop.models import Product

        self._sku = Product.objects.get(slug=slug).sku
        self._shopper, self._operator = Client(SERVER_NAME="localhost"), operator()
        self._words, self._slug, self._category = words, slug, category
        self._probe, self._numbers = Probe(), count()

    def measure(self) -> Measured:
        yield from self._work()
        for name, path in self._pages().items():
            yield "pages", name, self._repeated(self._shopper, path)
        for name, path in OPERATORS.items():
            yield "operators", name, self._repeated(self._operator, f"/admin/{path.format(**self._known())}")
        yield "work", f"claim of {CLAIM:,}", self._probe.measure(self._claims())

    def _repeated(self, client: Any, path: str) -> Cost:
        return self._probe.measure([partial(get, client, path)] * (ROUNDS + 1))

    def _pages(self) -> dict[str, str]:
        from orders.models import Order

        self._shopper.post("/basket/add/", {"sku": self._sku, "quantity": 1})
        return {
            "home": "/",
            "category": f"/categories/{self._category}/",
            "product": f"/products/{self._slug}/",
            **{name: f"/search/?q={word}" for name, word in self._words.items()},
            "order": f"/orders/{Order.objects.get(pk=self._order).public_id}/",
            "basket": "/basket/",
        }

    def _known(self) -> dict[str, Any]:
        from orders.models import Order
        from shop.models import Product

        return {
            "pk": self._order,
            "number": Order.objects.get(pk=self._order).number,
            "product": Product.objects.get(slug=self._slug).pk,
        }

    # -- work ---------------------------------------------------------------------------------------------------------

    def _work(self) -> Measured:
        from orders.models import Order

        placed: list[str] = []
        yield "work", "checkout", self._probe.measure([partial(self._place, placed)] * (ROUNDS + 1))
        for name, which in TASKS.items():
            yield "work", name, self._probe.measure(self._deliveries(placed, which))
        self._order = Order.objects.get(number=placed[-1]).pk

    def _place(self, placed: list[str]) -> None:
        order = body(next(self._numbers), self._sku)
        answer = self._shopper.post("/api/v1/orders/", order, content_type="application/json")
        assert answer.status_code == 201, answer.content
        placed.append(answer.json()["number"])

    def _deliveries(self, placed: list[str], which: dict[str, str]) -> Iterator[Callable[[], Any]]:
        from tests.delivery import claim_task
        from tests.messaging.deliver import hand_over

        for number in placed:
            yield partial(hand_over, claim_task(subject=number, **which))

    def _claims(self) -> Iterator[Callable[[], Any]]:
        from django.db import connection

        from messaging.models import Message
        from messaging.relay.claim import claim

        pending = Message.objects.filter(state="pending")
        before = pending.count()
        with connection.cursor() as cursor:
            fill_ledger(cursor, rows=2 * CLAIM * (ROUNDS + 1), state="pending")
        for _ in range(ROUNDS + 1):
            yield partial(claim, limit=CLAIM)
            settle()
        extra = pending.order_by("available_at")[: pending.count() - before]
        pending.filter(pk__in=extra.values("pk")).update(state="done")
