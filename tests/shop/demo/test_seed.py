"""Demo data: complete, idempotent, logins in demo mode only."""

import contextlib
import io
import itertools
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.db import connection
from django.db.models import Sum

from messaging.models import Message
from orders.models import Order
from shop.demo.example_reviews import EXAMPLES
from shop.demo.products import CATEGORIES, PRODUCTS
from shop.demo.seed_logins import LOGINS, create_logins
from shop.demo.seed_orders import SALES
from shop.models import Category, Product, Review, StockMovement, User
from shop.office.staff import GROUPS, OPERATORS, SUPPORT, create_groups
from tests.delivery import deliver_all

pytestmark = pytest.mark.django_db(transaction=True)


def seed() -> str:
    out = io.StringIO()
    call_command("seed_demo", stdout=out)
    return out.getvalue()


def everything() -> list[Any]:
    models = (Category, Product, Review, StockMovement, User, Group, Order, Message)
    return [list(model.objects.order_by("pk").values()) for model in models]


def test_an_empty_shop_is_filled():
    output = seed()
    assert Category.objects.count() == len(CATEGORIES)
    assert Product.objects.count() == len(PRODUCTS)
    assert Order.objects.count() == len(SALES)
    assert Review.objects.count() == len(EXAMPLES)
    assert f"{len(PRODUCTS)} products created" in output
    assert all(f"{sale.name}: {sale.outcome}." in output for sale in SALES)


def test_stock_is_the_sum_of_its_movements():
    seed()
    for stock, moved in Product.objects.annotate(moved=Sum("movements__quantity")).values_list("stock", "moved"):
        assert stock == (moved or 0)


def test_example_reviews_are_of_existing_products_and_unique_by_author():
    assert {said.sku for said in EXAMPLES} <= {product.sku for product in PRODUCTS}
    assert len({(said.sku, said.author) for said in EXAMPLES}) == len(EXAMPLES)
    assert {said.stars for said in EXAMPLES} == {1, 2, 3, 4, 5}


def test_a_second_run_changes_nothing():
    seed()
    before = everything()
    assert "0 products created" in seed()
    assert everything() == before


def test_a_run_that_is_killed_at_any_statement_is_completed_by_the_next():
    """A group without permissions, or a login without its group, would stay so: what exists is left as it is."""
    create_groups()
    create_logins()
    complete = staff()
    for number in itertools.count(1):
        User.objects.all().delete()
        Group.objects.all().delete()
        with contextlib.suppress(Killed), connection.execute_wrapper(kill_at(number)):
            create_groups()
            create_logins()
            break
        create_groups()
        create_logins()
        assert staff() == complete, f"killed at statement {number}"
    assert number > 20


class Killed(BaseException):
    pass


def kill_at(number: int) -> Callable[..., Any]:
    statements = itertools.count(1)

    def execute(run: Callable[..., Any], *arguments: Any) -> Any:
        if next(statements) == number:
            raise Killed
        return run(*arguments)

    return execute


def staff() -> dict[str, set[str]]:
    """The permissions of each group, and the groups of each login."""
    permissions = {group.name: {p.codename for p in group.permissions.all()} for group in Group.objects.all()}
    return permissions | {user.username: {group.name for group in user.groups.all()} for user in User.objects.all()}


def test_changes_by_staff_are_kept():
    seed()
    Product.objects.filter(sku=PRODUCTS[0].sku).update(price=1, is_listed=False)
    shopper = User.objects.get(username="shopper")
    shopper.set_password("changed")
    shopper.save()
    Group.objects.get(name=SUPPORT).permissions.clear()
    before = everything()
    seed()
    assert everything() == before


def test_each_login_has_its_name_as_password(rf):
    seed()
    for login in LOGINS:
        user = authenticate(rf.get("/"), username=login.name, password=login.name)
        assert user is not None
        assert (user.is_staff, user.is_superuser) == (login.is_staff, login.is_superuser)


def test_operators_retry_and_discard_and_support_looks():
    seed()
    operator, support, shopper = (User.objects.get(username=name) for name in ("operator", "support", "shopper"))
    assert operator.groups.get().name == OPERATORS
    for permission in ("operations.retry_message", "operations.discard_message"):
        assert operator.has_perm(permission)
        assert not support.has_perm(permission)
    assert operator.has_perm("messaging.view_message")
    assert support.has_perm("messaging.view_message")
    assert not shopper.get_all_permissions()


def test_every_granted_permission_exists():
    seed()
    for name, wanted in GROUPS.items():
        assert Group.objects.get(name=name).permissions.count() == len(wanted)


def test_outside_demo_mode_there_are_no_logins_and_no_orders(settings):
    settings.CONVEYOR_DEMO = False
    assert "demo mode only" in seed()
    assert Product.objects.count() == len(PRODUCTS)
    assert not User.objects.exists()
    assert not Order.objects.exists()


def test_beside_another_gateway_there_are_logins_but_no_orders(settings):
    settings.PAYMENT_GATEWAY, settings.STRIPE_SECRET_KEY = "stripe", "sk_test_1"
    assert "Skipped orders: stripe does not know their test cards." in seed()
    assert User.objects.filter(username="operator").exists()
    assert not Order.objects.exists()


def test_the_orders_have_the_announced_outcomes():
    seed()
    deliver_all(limit=500)
    orders = {order.email.partition("@")[0]: order for order in Order.objects.all()}
    for key in ("good-1", "flaky", "carrier"):
        assert orders[key].status in ("shipped", "delivered"), key
    assert orders["bug"].status == "placed"
    assert orders["outage"].status == "placed"
    assert orders["nowhere"].status == "paid"
    assert orders["rejected"].status == "paid"
    assert {key: orders[key].shipment.status for key in ("lost", "returned")} == {
        "lost": "lost",
        "returned": "returned",
    }
    dead = Message.objects.dead()
    assert {m.subject for m in dead} == {orders[key].number for key in ("bug", "outage", "nowhere", "rejected")}
    assert Order.objects.filter(user__username="shopper", status__in=["payment_failed", "cancelled"]).count() == 1
