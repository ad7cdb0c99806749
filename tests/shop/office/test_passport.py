"""Order passport: content, permissions, masking, and a bounded number of queries."""

import re
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from messaging.models import Attempt, Message, State
from messaging.operations import actions as messaging
from messaging.operations.permissions import Actor
from messaging.outbox import transaction
from orders.models import Order
from payments.models import GatewayCharge, GatewayEvent
from payments.selectors import payment_records
from payments.services import enqueue_comparison
from shop.office.passport.selectors import order_records
from shop.office.passport.time_scale import WIDTH, TimeScale
from shop.office.passport.waterfall import waterfall
from shop.order_pages.services import cancel
from shop.templatetags.office_tags import seconds
from tests.delivery import deliver_all, deliver_due
from tests.factories import client_with, place, place_and_acknowledge
from tests.payments.outcomes import capture_now

pytestmark = pytest.mark.django_db(transaction=True)
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
NEEDED = ("view_order", "view_message")


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
def eventful_order() -> Order:
    """Charged on the third attempt, booked on the third attempt, delivered."""
    order = place(payment_method="pm_flaky_2", city="Flakytown")
    deliver_all()
    order.refresh_from_db()
    return order


def test_the_page_shows_everything_recorded_about_an_order(reader, eventful_order):
    page = text(reader, eventful_order)
    for words in (
        eventful_order.number, "payments.charge_payment", "shipping.create_shipment", "shipping.track_shipment",
        "2 failed attempts", "GatewayUnavailable", "CarrierUnavailable", "Order placed", "The bank did not answer",
        "captured", "ch_", "✓ matches", "-2 SKU-", "Swiftpost", "booked", "paid: sent", "processed for",
    ):  # fmt: skip
        assert words in page, words


def test_each_time_of_a_payment_says_what_happened_then(reader, eventful_order):
    page = text(reader, eventful_order)
    assert re.search(r"<li>authorised [-0-9: ]+ UTC</li> <li>captured [-0-9: ]+ UTC</li>", page)


def test_messages_are_indented_below_their_cause(eventful_order):
    found = order_records(order_id=eventful_order.pk)
    rows = waterfall(found.messages, found.attempts, now=NOON).rows
    depths = {row.message.task: row.depth for row in rows}
    assert (depths["payments.charge_payment"], depths["shipping.create_shipment"]) == (0, 1)
    assert depths["shipping.track_shipment"] == 2
    names = [row.message.task for row in rows]
    assert names.index("payments.charge_payment") < names.index("shipping.create_shipment")
    assert len(rows) == Message.objects.filter(subject=eventful_order.number).count()


def test_personal_data_is_shown_only_with_the_reveal_permission(reader, eventful_order):
    assert eventful_order.email not in text(reader, eventful_order)
    assert eventful_order.name not in text(reader, eventful_order)
    page = text(client_with(*NEEDED, "reveal_payload"), eventful_order)
    assert eventful_order.email in page
    assert eventful_order.name in page


@pytest.mark.parametrize("held", [(), NEEDED[:1], NEEDED[1:]])
def test_both_view_permissions_are_required(held, eventful_order):
    assert client_with(*held).get(url(eventful_order)).status_code == 403


def test_the_page_changes_nothing_but_a_named_message(reader, eventful_order):
    assert reader.post(url(eventful_order)).status_code == 404
    assert reader.delete(url(eventful_order)).status_code == 405
    assert reader.get("/admin/orders/order/999999/passport/").status_code == 404


def test_a_dead_message_links_to_its_failure_and_actions_are_listed(reader):
    order = place(payment_method="pm_bug")
    deliver_due()
    message = Message.objects.get(state=State.DEAD)
    failure = reverse("admin:operations_failedtask_change", args=[message.pk])
    assert f'href="{failure}"' in text(reader, order)
    messaging.discard(ids=[message.pk], actor=Actor.system("olga"), reason="<i>a test</i>")
    page = text(reader, order)
    assert "<strong>discard</strong> by olga: &lt;i&gt;a test&lt;/i&gt;" in page
    assert "no charge" in page


def test_an_order_without_actions_on_its_messages_says_where_its_other_decisions_are(reader):
    page = text(reader, place())
    assert "No failed attempts, and no actions on these messages." in page
    assert "Refunds, replacement parcels and answered disputes are in the order's history." in page


def test_a_scheduled_message_is_due_and_has_not_waited_until_then(reader):
    order = place()
    due = timezone.now() + timedelta(minutes=10)
    Message.objects.filter(subject=order.number).update(available_at=due)
    page = text(reader, order)
    assert page.count(f"due at {due:%Y-%m-%d %H:%M:%S} UTC") == 2 * Message.objects.filter(subject=order.number).count()
    assert "waited" not in page
    deliver_all()
    page = text(reader, order)
    assert "waited" in page
    assert "due at" not in page


def test_reasons_are_masked_without_the_reveal_permission(reader):
    order = place()
    messaging.pause(queue="payments", actor=Actor.system("olga"), reason="ask ada@example.com")
    assert "ask •••@•••" in text(reader, order)
    assert "ask ada@example.com" in text(client_with(*NEEDED, "reveal_payload"), order)


def test_refunds_and_released_stock_are_listed(reader):
    order = place(city="Nowhere")
    deliver_due()
    capture_now(order)
    order.refresh_from_db()
    cancel(order=order)
    deliver_all()
    page = text(reader, order)
    for words in ("Refunded", "re_", "+2 SKU-", "release"):
        assert words in page, words


@pytest.fixture
def elsewhere(eventful_order, settings) -> Order:
    """An order paid at a gateway whose records are not in this database."""
    settings.PAYMENT_GATEWAY = "stripe"
    GatewayCharge.objects.all().delete()
    return eventful_order


@pytest.mark.parametrize("gateway", ["simulated", "stripe"])
def test_payments_are_read_in_at_most_four_statements_for_any_gateway(
    gateway, eventful_order, settings, django_assert_max_num_queries
):
    settings.PAYMENT_GATEWAY = gateway
    with django_assert_max_num_queries(4):
        payment_records(order_id=eventful_order.pk)


def test_a_gateway_that_is_not_queried_is_not_reported_as_differing(reader, elsewhere):
    page = text(reader, elsewhere)
    assert "This page does not query the gateway." in page
    assert "differs" not in page
    assert "no charge" not in page
    assert elsewhere.payments.get().gateway_reference in page


def test_the_last_comparison_and_webhook_are_shown_for_a_gateway_that_is_not_queried(reader, elsewhere):
    payment = elsewhere.payments.get()
    GatewayEvent.objects.create(event_id="evt_1", kind="payment_intent.succeeded", key=payment.pk)
    with transaction():
        enqueue_comparison(key=payment.pk, reference="", number=elsewhere.number)
    compared = Message.objects.filter(task="payments.compare_payment")
    compared.update(state=State.DONE, finished_at=NOON)
    page = text(reader, elsewhere)
    assert "matched the gateway's records at 2026-03-02 12:00:00 UTC" in page
    assert "Last webhook: payment_intent.succeeded at" in page
    compared.update(state=State.DEAD)
    page = text(reader, elsewhere)
    assert "The last comparison with the gateway failed" in page
    assert reverse("admin:operations_failedtask_change", args=[compared.get().pk]) in page
    assert "matched the gateway" not in page


def test_pauses_during_the_order_s_lifetime_are_listed(reader):
    order = place()
    messaging.pause(queue="payments", actor=Actor.system("olga"), reason="the bank asked")
    messaging.pause(queue="maintenance", actor=Actor.system("olga"), reason="not about orders")
    page = text(reader, order)
    assert "Queue payments has been paused by olga since" in page
    assert "not about orders" not in page


def test_an_order_whose_messages_were_deleted_still_has_a_passport(reader, eventful_order):
    Message.objects.all().delete()
    assert "No messages remain for this order" in text(reader, eventful_order)


def test_any_order_costs_the_same_statements(reader, eventful_order, django_assert_num_queries):
    plain = place()
    reader.get(url(plain))
    with django_assert_num_queries(20):
        reader.get(url(plain))
    with django_assert_num_queries(20):
        reader.get(url(eventful_order))


def test_the_order_page_links_to_the_passport_and_lists_failures_first():
    order = place_and_acknowledge(payment_method="pm_bug")
    deliver_all()
    page = client_with(*NEEDED, "view_failedtask").get(reverse("admin:orders_order_change", args=[order.pk]))
    shown = page.content.decode()
    assert f'href="{url(order)}"' in shown
    dead = Message.objects.get(state=State.DEAD)
    failure = reverse("admin:operations_failedtask_change", args=[dead.pk])
    assert shown.index(failure) < shown.index("orders.send_email")


# -- waterfall chart ------------------------------------------------------------------------------------------------


def message(**changes) -> Message:
    fields = {"task": "t", "queue": "q", "created_at": NOON, "available_at": NOON, "correlation_id": uuid.uuid4()}
    return Message(**(fields | changes))


def at(seconds_later: float) -> datetime:
    return NOON + timedelta(seconds=seconds_later)


def kinds(made: Message, *attempts: Attempt, now: datetime = NOON) -> list[tuple[str, float]]:
    (row,) = waterfall([made], attempts, now=now).rows
    return [(bar.kind, bar.seconds) for bar in row.bars]


def test_a_successful_message_has_waiting_and_processing_phases():
    made = message(state=State.DONE, available_at=at(1), sent_at=at(3), started_at=at(6), finished_at=at(10))
    assert kinds(made) == [("scheduled", 1), ("outbox", 2), ("queue", 3), ("work", 4)]


def test_failed_attempts_appear_between_the_waits():
    made = message(state=State.DONE, available_at=at(9), sent_at=at(10), started_at=at(10), finished_at=at(11))
    failed = Attempt(message=made, number=1, started_at=at(1), ended_at=at(3))
    assert kinds(made, failed) == [("waiting", 1), ("failed", 2), ("scheduled", 6), ("outbox", 1), ("work", 1)]


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (message(state=State.PENDING), [("outbox", 20)]),
        (message(state=State.PENDING, available_at=at(60)), [("scheduled", 60)]),
        (message(state=State.SENT, sent_at=at(5)), [("outbox", 5), ("queue", 15)]),
    ],
)
def test_unfinished_phases_last_until_now(made, expected):
    assert kinds(made, now=at(20)) == expected


def test_a_lost_worker_leaves_a_failed_phase_of_zero_length():
    made = message(state=State.DEAD, finished_at=at(5))
    assert kinds(made, Attempt(message=made, number=1, ended_at=at(5))) == [("waiting", 5), ("failed", 0)]


def test_the_axis_is_monotonic_and_keeps_short_intervals_visible():
    scale = TimeScale([NOON, at(0.01), at(0.02), at(1800)])
    positions = [scale.x(moment) for moment in (NOON, at(0.01), at(0.02), at(1800))]
    assert positions == sorted(set(positions))
    assert (positions[0], positions[-1]) == (0, WIDTH)
    assert positions[1] > 50
    assert [tick.x for tick in scale.ticks()] == [0, WIDTH]
    assert TimeScale([NOON]).x(NOON) == 0


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0, "0 ms"), (0.0124, "12 ms"), (1.25, "1.2 s"), (119, "119.0 s"), (600, "10 min")],
)
def test_durations_are_formatted_briefly(value, expected):
    assert seconds(value) == expected


def test_logs_and_outside_calls_of_attempts_are_not_loaded(eventful_order):
    attempts = order_records(order_id=eventful_order.pk).attempts
    assert attempts
    assert all({"log", "exchanges", "traceback"} <= attempt.get_deferred_fields() for attempt in attempts)
