"""Backfill of amount lines: goods and delivery of each order that has none, by the migration and by the command."""

import importlib
import re

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orders.amounts import completing
from orders.models import AmountLine
from tests.factories import place

pytestmark = pytest.mark.django_db(transaction=True)
backfill = importlib.import_module("orders.migrations.0008_fill_amount_lines")


def fill() -> None:
    with connection.schema_editor(atomic=False) as editor:
        backfill.fill(apps, editor)


def test_older_orders_get_lines_without_a_rate_however_often_it_runs(monkeypatch):
    monkeypatch.setattr(backfill, "ROWS", 2)
    orders = [place(shipping_method=method) for method in ("standard", "express", "standard")]
    AmountLine.objects.all().delete()
    fill()
    fill()
    found = {order.pk: set(order.amount_lines.values_list("kind", "rate", "amount", "is_included")) for order in orders}
    goods = ("goods", None, 2500, False)
    delivery = ("delivery", None, orders[1].shipping_price, False)
    assert list(found.values()) == [{goods}, {goods, delivery}, {goods}]


def test_the_command_completes_what_an_older_release_placed_since(monkeypatch, capsys):
    monkeypatch.setattr(completing, "BATCH", 2)
    orders = [place(shipping_method="express") for _ in range(3)]
    AmountLine.objects.all().delete()
    call_command("complete_amounts")
    call_command("complete_amounts")
    assert capsys.readouterr().out == "Orders completed: 3.\nOrders completed: 0.\n"
    for order in orders:
        assert list(order.amount_lines.values_list("kind", "rate", "amount")) == [
            ("goods", None, 2500),
            ("delivery", None, order.shipping_price),
        ]


@pytest.mark.parametrize("complete", [(), range(4), (0, 1, 3)])
def test_the_command_looks_at_each_order_once(complete, monkeypatch):
    """However many have amounts already, each statement is about the next orders."""
    monkeypatch.setattr(completing, "BATCH", 2)
    orders = [place() for _ in range(4)]
    AmountLine.objects.exclude(order__in=[orders[at].pk for at in complete]).delete()
    with CaptureQueriesContext(connection) as captured:
        assert completing.complete_amounts() == 4 - len(complete)
    looks = [query["sql"] for query in captured if "EXISTS" in query["sql"]]
    ranges = re.findall(r'"id" >= (\d+) AND "orders_order"."id" <= (\d+)', " ".join(looks))
    assert [tuple(map(int, each)) for each in ranges] == [
        (a.pk, b.pk) for a, b in zip(orders[::2], orders[1::2], strict=True)
    ]


def test_orders_that_have_their_lines_keep_them():
    order = place()
    AmountLine.objects.all().delete()
    AmountLine.objects.create(order=order, kind="goods", rate=1900, amount=order.total)
    fill()
    assert order.amount_lines.get().rate == 1900
