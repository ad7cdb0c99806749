"""Does an order's passport tell the whole of its life, to whom it may, at a bounded price?"""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from messaging.models import Attempt, Message, State
from messaging.operations import actions as messaging
from messaging.operations.permissions import Actor
from messaging.outbox import transaction
from orders.models import Order
from payments.models import GatewayCharge, GatewayEvent
from payments.selectors import money_records
from payments.services import compare_soon
from shop.models import User
from shop.office.passport.selectors import order_records
from shop.office.passport.time_scale import WIDTH, TimeScale
from shop.office.passport.waterfall import waterfall
from shop.order_pages.services import cancel
from shop.templatetags.office_tags import seconds
from tests.delivery import deliver_all, deliver_due
from tests.factories import UserFactory, place

pytestmark = pytest.mark.django_db(transaction=True)
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
NEEDED = ("view_order", "view_message")


def client_with(*permissions: str) -> Client:
    user: User = UserFactory.create(is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user, backend="shop.accounts.authentication.NameOrEmail")
    return client


@pytest.fixture
def reader() -> Client:
    return client_with(*NEEDED)


def url(order: Order) -> str:
    return f"/admin/orders/order/{order.pk}/passport/"


def text(client: Client, order: Order) -> str:
    answer = client.get(url(order))
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


@pytest.fixture
def story() -> Order:
    """Paid at the third try, shipped at the third try, delivered."""
    order = place(payment_method="pm_flaky_2", city="Flakytown")
    deliver_all()
    order.refresh_from_db()
    return order


def test_the_whole_of_an_order_s_life_is_on_one_page(reader, story):
    page = text(reader, story)
    for words in (
        story.number, "payments.charge_payment", "shipping.create_shipment", "shipping.track_shipment",
        "2 failed tries", "GatewayUnavailable", "CarrierUnavailable", "Order placed", "The bank did not answer",
        "captured", "ch_", "✓ agrees", "-2 SKU-", "Swiftpost", "booked", "placed: sent", "worked",
    ):  # fmt: skip
        assert words in page, words


def test_a_message_stands_below_the_one_that_caused_it(story):
    found = order_records(order_id=story.pk)
    rows = waterfall(found.messages, found.attempts, now=NOON).rows
    depths = {row.message.task: row.depth for row in rows}
    assert (depths["payments.charge_payment"], depths["shipping.create_shipment"]) == (0, 1)
    assert depths["shipping.track_shipment"] == 2
    names = [row.message.task for row in rows]
    assert names.index("payments.charge_payment") < names.index("shipping.create_shipment")
    assert len(rows) == Message.objects.filter(subject=story.number).count()


def test_who_ordered_is_told_only_to_who_may_reveal_it(reader, story):
    assert story.email not in text(reader, story)
    assert story.name not in text(reader, story)
    page = text(client_with(*NEEDED, "reveal_payload"), story)
    assert story.email in page
    assert story.name in page


@pytest.mark.parametrize("held", [(), NEEDED[:1], NEEDED[1:]])
def test_both_orders_and_messages_must_be_open_to_the_reader(held, story):
    assert client_with(*held).get(url(story)).status_code == 403


def test_the_page_only_shows(reader, story):
    assert reader.post(url(story)).status_code == 405
    assert reader.get("/admin/orders/order/999999/passport/").status_code == 404


def test_a_dead_message_links_to_its_failure_and_what_people_did_is_told(reader):
    order = place(payment_method="pm_bug")
    deliver_due()
    message = Message.objects.get(state=State.DEAD)
    failure = reverse("admin:operations_failedtask_change", args=[message.pk])
    assert f'href="{failure}"' in text(reader, order)
    messaging.discard(ids=[message.pk], actor=Actor.system("olga"), reason="<i>a test</i>")
    page = text(reader, order)
    assert "<strong>discard</strong> by olga: &lt;i&gt;a test&lt;/i&gt;" in page
    assert "no charge" in page


def test_what_people_wrote_is_masked_for_who_may_not_reveal(reader):
    order = place()
    messaging.pause(queue="payments", actor=Actor.system("olga"), reason="ask ada@example.com")
    assert "ask •••@•••" in text(reader, order)
    assert "ask ada@example.com" in text(client_with(*NEEDED, "reveal_payload"), order)


def test_money_given_back_and_stock_put_back_are_told(reader):
    order = place(city="Nowhere")
    deliver_due()
    order.refresh_from_db()
    cancel(order=order)
    deliver_all()
    page = text(reader, order)
    for words in ("Given back", "re_", "+2 SKU-", "released by an order"):
        assert words in page, words


@pytest.fixture
def elsewhere(story, settings) -> Order:
    """An order that was paid at a gateway whose record does not stand in this database."""
    settings.PAYMENT_GATEWAY = "stripe"
    GatewayCharge.objects.all().delete()
    return story


@pytest.mark.parametrize("gateway", ["simulated", "stripe"])
def test_the_money_is_read_in_at_most_four_statements_whichever_gateway_it_is(
    gateway, story, settings, django_assert_max_num_queries
):
    settings.PAYMENT_GATEWAY = gateway
    with django_assert_max_num_queries(4):
        money_records(order_id=story.pk)


def test_a_gateway_that_is_not_asked_does_not_look_as_if_it_disagreed(reader, elsewhere):
    page = text(reader, elsewhere)
    assert "The gateway was not asked for this page." in page
    assert "differs" not in page
    assert "no charge" not in page
    assert elsewhere.payments.get().gateway_reference in page


def test_of_a_gateway_that_is_not_asked_the_last_comparison_and_word_are_told(reader, elsewhere):
    payment = elsewhere.payments.get()
    GatewayEvent.objects.create(event_id="evt_1", kind="payment_intent.succeeded", key=payment.pk)
    with transaction():
        compare_soon(key=payment.pk, reference="", number=elsewhere.number)
    compared = Message.objects.filter(task="payments.compare_payment")
    compared.update(state=State.DONE, finished_at=NOON)
    page = text(reader, elsewhere)
    assert "compared 2026-03-02 12:00:00, in line" in page
    assert "It told payment_intent.succeeded at" in page
    compared.update(state=State.DEAD)
    page = text(reader, elsewhere)
    assert "The last comparison did not come to a good end." in page
    assert reverse("admin:operations_failedtask_change", args=[compared.get().pk]) in page
    assert "in line" not in page


def test_a_pause_in_the_order_s_time_is_told(reader):
    order = place()
    messaging.pause(queue="payments", actor=Actor.system("olga"), reason="the bank asked")
    messaging.pause(queue="maintenance", actor=Actor.system("olga"), reason="not about orders")
    page = text(reader, order)
    assert "The queue payments was paused by olga" in page
    assert "not about orders" not in page


def test_a_long_finished_order_whose_messages_are_gone_still_has_a_passport(reader, story):
    Message.objects.all().delete()
    assert "No message is left of this order" in text(reader, story)


def test_any_order_costs_the_same_statements(reader, story, django_assert_num_queries):
    plain = place()
    reader.get(url(plain))
    with django_assert_num_queries(18):
        reader.get(url(plain))
    with django_assert_num_queries(18):
        reader.get(url(story))


def test_the_order_s_page_leads_to_the_passport_and_tells_what_failed_first():
    order = place(payment_method="pm_bug")
    deliver_all()
    page = client_with(*NEEDED, "view_failedtask").get(reverse("admin:orders_order_change", args=[order.pk]))
    shown = page.content.decode()
    assert f'href="{url(order)}"' in shown
    dead = Message.objects.get(state=State.DEAD)
    failure = reverse("admin:operations_failedtask_change", args=[dead.pk])
    assert shown.index(failure) < shown.index("orders.send_email")


# -- the waterfall's arithmetic ---------------------------------------------------------------------------------------


def message(**changes) -> Message:
    fields = {"task": "t", "queue": "q", "created_at": NOON, "available_at": NOON, "correlation_id": uuid.uuid4()}
    return Message(**(fields | changes))


def at(seconds_later: float) -> datetime:
    return NOON + timedelta(seconds=seconds_later)


def kinds(made: Message, *attempts: Attempt, now: datetime = NOON) -> list[tuple[str, float]]:
    (row,) = waterfall([made], attempts, now=now).rows
    return [(bar.kind, bar.seconds) for bar in row.bars]


def test_a_message_that_went_well_waited_and_was_worked_on():
    made = message(state=State.DONE, available_at=at(1), sent_at=at(3), started_at=at(6), finished_at=at(10))
    assert kinds(made) == [("scheduled", 1), ("ledger", 2), ("queue", 3), ("work", 4)]


def test_failed_tries_stand_between_the_waits():
    made = message(state=State.DONE, available_at=at(9), sent_at=at(10), started_at=at(10), finished_at=at(11))
    failed = Attempt(message=made, number=1, started_at=at(1), ended_at=at(3))
    assert kinds(made, failed) == [("waiting", 1), ("failed", 2), ("scheduled", 6), ("ledger", 1), ("work", 1)]


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (message(state=State.PENDING), [("ledger", 20)]),
        (message(state=State.PENDING, available_at=at(60)), [("scheduled", 60)]),
        (message(state=State.SENT, sent_at=at(5)), [("ledger", 5), ("queue", 15)]),
    ],
)
def test_what_is_not_over_lasts_until_now(made, expected):
    assert kinds(made, now=at(20)) == expected


def test_a_worker_that_was_lost_leaves_a_mark_without_length():
    made = message(state=State.DEAD, finished_at=at(5))
    assert kinds(made, Attempt(message=made, number=1, ended_at=at(5))) == [("waiting", 5), ("failed", 0)]


def test_the_axis_keeps_order_and_shows_short_beside_long():
    scale = TimeScale([NOON, at(0.01), at(0.02), at(1800)])
    places = [scale.x(moment) for moment in (NOON, at(0.01), at(0.02), at(1800))]
    assert places == sorted(set(places))
    assert (places[0], places[-1]) == (0, WIDTH)
    assert places[1] > 50
    assert [tick.x for tick in scale.ticks()] == [0, WIDTH]
    assert TimeScale([NOON]).x(NOON) == 0


@pytest.mark.parametrize(
    ("value", "told"),
    [(0, "0 ms"), (0.0124, "12 ms"), (1.25, "1.2 s"), (119, "119.0 s"), (600, "10 min")],
)
def test_lengths_of_time_are_told_shortly(value, told):
    assert seconds(value) == told
