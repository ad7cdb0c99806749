"""Limits on ordering and paying: hostile clients meet them, legitimate shoppers do not, and what was typed is kept."""

from typing import Any

import pytest
from django.core import mail
from django.test import Client
from knox.models import AuthToken

from config import env
from orders.models import Order
from tests.api.client import order_body, problem
from tests.delivery import deliver_due
from tests.factories import ProductFactory, UserFactory
from tests.ports import free_port
from tests.shop.checkout.page import filled
from tests.shop.limits.doors import PASSWORD, URGENT, member, order, refused, sign_in, signed_in, visitor

pytestmark = pytest.mark.django_db(transaction=True)


def account(email: str) -> Client:
    """A client with an API token of a new account. All of them come from one network."""
    token: str = AuthToken.objects.create(member(email, email=email))[1]
    return Client(headers={"Authorization": f"Token {token}"})


class TestOrders:
    def test_a_client_orders_only_so_often_whomever_it_names(self):
        sku = ProductFactory.create(stock=1000).sku
        answers = [order(visitor(1), sku, email=f"{n}@example.com") for n in range(24)]
        assert [answer.status_code for answer in answers] == [201] * 20 + [429] * 4
        refused(answers[-1])
        assert Order.objects.count() == 20

    @pytest.mark.parametrize("email", ["ada@example.com", "ADA+{n}@example.com"])
    def test_an_address_is_written_to_only_so_often_by_however_many(self, email):
        sku = ProductFactory.create(stock=1000).sku
        answers = [order(visitor(n), sku, email=email.format(n=n)) for n in range(10)]
        assert [answer.status_code for answer in answers] == [201] * 5 + [429] * 5

    def test_nobody_can_use_up_the_orders_of_an_account(self):
        sku, ada = ProductFactory.create(stock=1000).sku, UserFactory.create(email="ada@example.com")
        for n in range(10):
            order(visitor(n), sku, email="ada@example.com")
        page = TestCheckoutPage()
        assert page.post(page.with_basket(visitor(11))).status_code == 429
        assert page.post(page.with_basket(signed_in(ada))).status_code == 302

    def test_aliases_of_accounts_do_not_write_to_a_mailbox_more_often(self):
        sku, answers = ProductFactory.create(stock=1000).sku, []
        for n in range(4):
            alias = account(f"victim+{n}@example.com")
            answers += [order(alias, sku, email="victim@example.com").status_code for _ in range(3)]
        assert answers == [201] * 5 + [429] * 7

    def test_more_accounts_do_not_order_more_from_one_network(self, settings):
        settings.CONVEYOR_LIMITS = 0.1
        sku = ProductFactory.create(stock=1000).sku
        answers = [order(account(f"{n}@example.com"), sku, email=f"{n}@example.com").status_code for n in range(12)]
        assert answers == [201] * 10 + [429] * 2
        assert order(visitor(1), sku, email="b@example.com").status_code == 201

    def test_more_accounts_do_not_hold_more_from_one_network(self):
        sku = ProductFactory.create(stock=10_000).sku
        answers = [order(account(f"{n}@example.com"), sku, 190, email=f"{n}@example.com").status_code for n in range(7)]
        assert answers == [201] * 5 + [429] * 2

    def test_an_order_that_is_refused_writes_to_nobody_and_holds_nothing(self):
        sku, short = ProductFactory.create(stock=1000).sku, ProductFactory.create(stock=0).sku
        for _ in range(10):
            assert order(visitor(1), short, 200).status_code == 409
            assert order(visitor(1), "NO-SUCH", 200).status_code == 400
        refused(order(visitor(1), short))
        answers = [order(visitor(2), sku, 40).status_code for _ in range(6)]
        assert answers == [201] * 5 + [429]
        answers = [order(visitor(3), sku, 150, email="b@example.com").status_code for _ in range(9)]
        assert answers == [201] + [429] * 8
        assert order(visitor(4), sku, email="b@example.com").status_code == 201

    def test_a_repeated_request_gets_its_order_and_counts_for_nothing(self):
        """Its client may not know that the first one has arrived, and repeat it until it gets an answer."""
        sku = ProductFactory.create(stock=1000).sku
        key = {"HTTP_IDEMPOTENCY_KEY": "one"}
        first, *repeated = [
            visitor(1).post("/api/v1/orders/", order_body(sku, 60), content_type="application/json", **key)
            for _ in range(30)
        ]
        assert first.status_code == 201
        assert {answer.status_code for answer in repeated} == {200}
        assert [order(visitor(1), sku).status_code for _ in range(5)] == [201] * 4 + [429]
        again = visitor(1).post("/api/v1/orders/", order_body(sku, 60), content_type="application/json", **key)
        assert again.json()["number"] == first.json()["number"]
        other = visitor(1).post("/api/v1/orders/", order_body(sku, 61), content_type="application/json", **key)
        assert other.status_code == 422
        assert Order.objects.count() == 5

    def test_a_client_cannot_hold_the_whole_stock(self):
        sku = ProductFactory.create(stock=1000).sku
        assert "lines" in problem(order(visitor(1), sku, 201), 400)["errors"]
        answers = [order(visitor(1), sku, 90, email=f"{n}@example.com") for n in range(4)]
        assert [answer.status_code for answer in answers] == [201, 201, 429, 429]
        assert order(visitor(1), sku, 20, email="b@example.com").status_code == 201
        assert order(visitor(2), sku, 90, email="c@example.com").status_code == 201

    @pytest.mark.parametrize("changes", [URGENT, {"name": "Win at evil.com"}, {"name": "www.evil.example"}])
    def test_a_name_cannot_carry_a_link(self, changes):
        sku = ProductFactory.create().sku
        assert "name" in problem(order(visitor(1), sku, **changes), 400)["errors"]
        assert not Order.objects.exists()

    def test_an_address_cannot_carry_a_link(self):
        sku = ProductFactory.create().sku
        for field in ("line1", "city", "postcode"):
            address = order_body(sku)["address"] | {field: "bit.ly/x"}
            assert f"address.{field}" in problem(order(visitor(1), sku, address=address), 400)["errors"]

    def test_limits_are_off_where_a_deployment_says_so(self, settings):
        settings.CONVEYOR_LIMITS = 0
        sku = ProductFactory.create(stock=1000).sku
        assert {order(visitor(1), sku, 30).status_code for _ in range(30)} == {201}


class TestCheckoutPage:
    def post(self, client: Client, **changes: str) -> Any:
        return client.post("/checkout/", filled(client, **changes))

    def with_basket(self, client: Client, pieces: int = 1) -> Client:
        client.post("/basket/add/", {"sku": ProductFactory.create(stock=1000).sku, "quantity": pieces})
        return client

    def test_what_was_typed_is_kept_on_the_page_that_says_when_to_try_again(self):
        for n in range(5):
            assert self.post(self.with_basket(visitor(n))).status_code == 302
        answer = self.post(self.with_basket(visitor(9)), line1='1 "Odd" Street')
        page = answer.content.decode()
        assert answer.status_code == 429
        assert int(answer["Retry-After"]) > 0
        assert "Try again in" in page
        assert '<input type="hidden" name="line1" value="1 &quot;Odd&quot; Street"' in page
        assert 'action="/checkout/"' in page
        assert Order.objects.count() == 5

    def test_too_many_pieces_are_an_error_of_the_form(self):
        client = visitor(1)
        for _ in range(3):
            self.with_basket(client, 99)
        answer = self.post(client)
        assert answer.status_code == 200
        assert "At most 200 pieces" in answer.content.decode()

    def test_a_name_cannot_carry_a_link(self):
        answer = self.post(self.with_basket(visitor(1)), **URGENT)
        assert "Must not contain web addresses." in answer.content.decode()
        assert not Order.objects.exists()


class TestPayments:
    def failed_order(self, client: Client) -> Order:
        sku = ProductFactory.create(stock=1000).sku
        order(client, sku, payment_method="pm_card_declined")
        deliver_due()
        return Order.objects.latest("pk")

    def pay(self, client: Client, failed: Order) -> Any:
        body = {"payment_method": "pm_card_declined"}
        answer = client.post(f"/api/v1/orders/{failed.public_id}/pay/", body, content_type="application/json")
        deliver_due()
        return answer

    def test_an_order_is_paid_only_so_often_by_however_many(self):
        failed = self.failed_order(visitor(0))
        answers = [self.pay(visitor(n), failed) for n in range(8)]
        assert [answer.status_code for answer in answers] == [200] * 5 + [429] * 3
        refused(answers[-1])
        assert failed.payments.count() == len(mail.outbox) == 6  # each says that the payment failed

    def test_the_page_has_the_same_limit(self):
        failed = self.failed_order(visitor(0))
        for n in range(5):
            self.pay(visitor(n), failed)
        answer = visitor(9).post(f"/orders/{failed.public_id}/pay/", {"payment_method": "pm_card_visa"})
        assert answer.status_code == 429
        assert 'name="payment_method" value="pm_card_visa"' in answer.content.decode()
        assert failed.payments.count() == 6


def test_a_hundred_hostile_clients_behind_one_proxy_do_not_shut_out_a_legitimate_one():
    member("admin", is_staff=True)
    sku = ProductFactory.create(stock=10_000).sku
    for n in range(100):
        hostile = visitor(n)
        order(hostile, sku, 99, email="legitimate@example.com")
        sign_in(hostile, "admin", "wrong")
        hostile.post("/account/reset/", {"email": "legitimate@example.com"})
        hostile.post("/account/register/", {"name": "x", "email": f"{n}@example.com", "password": PASSWORD})
    assert sign_in(visitor(200), "admin", PASSWORD).status_code == 302
    registration = {"name": "Ada", "email": "legitimate@example.com", "password": PASSWORD}
    shopper = visitor(201)
    assert shopper.post("/account/register/", registration).status_code == 302
    shopper.post("/basket/add/", {"sku": sku, "quantity": 1})
    assert TestCheckoutPage().post(shopper, email="legitimate@example.com").status_code == 302


def test_a_legitimate_shopper_meets_no_limit_with_three_failed_cards():
    client = visitor(1)
    registration = {"name": "Ada", "email": "ada@example.com", "password": PASSWORD}
    assert client.post("/account/register/", registration).status_code == 302
    checkout = TestCheckoutPage()
    answer = checkout.post(checkout.with_basket(client, 3), payment_method="pm_card_declined")
    assert answer.status_code == 302
    order_page = answer.url
    for method in ("pm_card_declined", "pm_card_declined", "pm_card_visa"):
        deliver_due()
        answer = client.post(f"{order_page}pay/", {"payment_method": method})
        assert (answer.status_code, answer.url) == (302, order_page)
    deliver_due()
    assert Order.objects.get().payments.filter(status="captured").count() == 1


def test_orders_are_placed_while_the_cache_is_down_and_a_metric_says_so(settings, monkeypatch):
    monkeypatch.setenv("CACHE_URL", f"redis://127.0.0.1:{free_port()}/1")
    settings.CACHES = settings.CACHES | {"limits": env.limits_cache()}
    sku = ProductFactory.create(stock=1000).sku
    assert {order(visitor(1), sku).status_code for _ in range(7)} == {201}
    assert "conveyor_limits_cache_up 0.0" in Client().get("/metrics").content.decode()
