"""Process view: the steps of an order, resumed at a dead one."""

from datetime import timedelta
from typing import get_args

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from messaging import pauses
from messaging.models import Message, State
from messaging.operations import actions
from messaging.operations.models import AuditEntry
from messaging.operations.permissions import Actor
from messaging.payloads import registered_payloads
from orders.models import Order, OrderLine
from orders.payloads import EmailKind
from payments.gateways.simulated import NAME
from shipping.models import Shipment
from shop.models import StockMovement
from shop.office.passport.selectors import order_records
from shop.office.process.definition import BESIDE, STEPS
from shop.office.process.graph import Node, StepState, evidence_of, graph
from shop.order_pages.services import cancel
from tests.delivery import deliver_all, deliver_due
from tests.factories import client_with, place

pytestmark = pytest.mark.django_db(transaction=True)
READER = ("view_order", "view_message")
#: About no order, or about all of them.
ELSEWHERE = (
    "operations.", "messaging.", "tests.", "shop.", "orders.acknowledge", "orders.expire", "payments.reconcile",
    "payments.find",
)  # fmt: skip


def nodes(order: Order, **later: int) -> dict[str, Node]:
    found = order_records(order_id=order.pk)
    evidence = evidence_of(order=found.order, emails=found.emails)
    now = timezone.now() + timedelta(**later)
    ranks = graph(found.messages, evidence=evidence, paused=pauses.current(), now=now)
    return {node.step.key: node for rank in ranks for node in rank}


def states(order: Order, **later: int) -> dict[str, str]:
    return {key: node.state.value for key, node in nodes(order, **later).items()}


def url(order: Order) -> str:
    return f"/admin/orders/order/{order.pk}/passport/"


def test_an_import_waits_for_no_email_as_it_causes_none():
    assert states(place(source="import")) == {"charge": "under_way", "book": "waiting", "track": "waiting"}


def test_a_new_order_is_being_charged_and_the_rest_waits():
    order = place()
    assert states(order) == {
        "charge": "under_way", "email_paid": "waiting", "book": "waiting", "email_shipped": "waiting",
        "track": "waiting",
    }  # fmt: skip


def test_a_delivered_order_is_done():
    order = place()
    deliver_all()
    assert set(states(order).values()) == {"done"}


def test_a_step_that_is_dead_holds_those_after_it():
    order = place(city="Rejectford")
    deliver_due()
    found = nodes(order)
    assert (found["charge"].state, found["book"].state) == (StepState.DONE, StepState.DEAD)
    assert found["track"].state is StepState.WAITING
    assert found["book"].message.task == "shipping.create_shipment"


def test_a_scheduled_message_waits_until_it_is_due(settings):
    settings.CONVEYOR_TRANSIT_SECONDS = settings.CONVEYOR_TRACK_SECONDS = 600
    order = place()
    deliver_due()
    assert states(order)["track"] == "waiting"
    assert states(order, seconds=900)["track"] == "under_way"


def test_a_step_in_a_paused_queue_waits_for_it_since_it_was_due():
    actions.pause(queue="payments", actor=Actor.system("ann"), reason="the bank asked")
    order = place()
    charge = nodes(order)["charge"]
    assert (charge.state, charge.hold.reason) == (StepState.WAITING, "the queue payments is paused")
    assert charge.hold.since == charge.message.available_at
    page = client_with(*READER).get(url(order)).content.decode()
    assert f"since {charge.hold.since:%Y-%m-%d %H:%M:%S} UTC: the queue payments is paused" in page
    assert "has been paused by ann since" in page
    actions.resume(queue="payments", actor=Actor.system("ann"))
    assert nodes(order)["charge"].hold is None
    page = client_with(*READER).get(url(order)).content.decode()
    assert "was paused by ann from" in page


@pytest.mark.parametrize(
    ("waits_for", "reason"),
    [(NAME, "Payment gateway is unreachable"), ("release", "it needs a worker of a newer release")],
)
def test_a_deferred_step_says_what_it_waits_for_and_since_when(waits_for, reason):
    order, since = place(), timezone.now() - timedelta(minutes=5)
    Message.objects.filter(task="payments.charge_payment").update(waits_for=waits_for, deferred_since=since)
    charge = nodes(order)["charge"]
    assert (charge.state, charge.hold.reason, charge.hold.since) == (StepState.WAITING, reason, since)


def test_a_later_success_outweighs_an_earlier_dead_letter():
    order = place()
    deliver_all()
    done = Message.objects.get(task="shipping.create_shipment")
    early = Message(task=done.task, queue=done.queue, payload=done.payload, subject=done.subject, state=State.DEAD)
    early.correlation_id = early.pk
    early.pk = early.pk.__class__(int=done.pk.int - 1)
    early.save(force_insert=True)
    node = nodes(order)["book"]
    assert (node.state, node.earlier) == (StepState.DONE, 1)
    Message.objects.filter(pk=done.pk).update(state=State.PENDING)
    assert nodes(order)["book"].state is StepState.DEAD


def test_the_order_itself_proves_steps_whose_messages_are_deleted():
    order = place()
    deliver_all()
    Message.objects.all().delete()
    assert set(states(order).values()) == {"done"}
    order.emails.all().delete()
    assert states(order)["email_paid"] == "unrecorded"


def test_a_cancelled_order_needs_no_parcel():
    order = place(payment_method="pm_outage")
    cancel(order=order)
    found = states(order)
    assert (found["book"], found["track"]) == ("not_needed", "not_needed")


def test_every_message_about_an_order_is_a_step_or_beside_the_process():
    known = {step.payload.task for step in STEPS} | {payload.task for payload in BESIDE}
    of_apps = {task for task in registered_payloads() if not task.startswith(ELSEWHERE)}
    assert of_apps == known


def test_every_kind_of_email_is_a_step():
    kinds = [kind for step in STEPS for kind in step.emails]
    assert sorted(kinds) == sorted(get_args(EmailKind))


def test_the_page_shows_the_steps_and_resumes_at_the_dead_one():
    order = place(payment_method="pm_bug")
    deliver_due()
    dead = Message.objects.get(task="payments.charge_payment")
    client = client_with(*READER, "retry_message", "view_failedtask")
    page = client.get(url(order)).content.decode()
    assert "Authorise the payment" in page
    assert page.count("Resume from here") == 1
    response = client.post(url(order), {"message": str(dead.pk)}, follow=True)
    assert "Resumed: payments.charge_payment is queued for retry." in response.content.decode()
    dead.refresh_from_db()
    assert dead.state == State.PENDING
    assert AuditEntry.objects.get().action == "retry"
    assert LogEntry.objects.get().object_id == str(order.pk)
    again = client.post(url(order), {"message": str(dead.pk)}, follow=True)
    assert "it is no longer dead" in again.content.decode()


def test_resuming_reads_the_message_and_not_everything_about_the_order():
    order = place(payment_method="pm_bug")
    deliver_due()
    dead = Message.objects.get(task="payments.charge_payment")
    client = client_with(*READER, "retry_message")
    with CaptureQueriesContext(connection) as statements:
        assert client.post(url(order), {"message": str(dead.pk)}).status_code == 302
    tables = {OrderLine._meta.db_table, Shipment._meta.db_table, StockMovement._meta.db_table}
    assert not [query["sql"] for query in statements if any(table in query["sql"] for table in tables)]


def test_resuming_needs_the_permission_to_retry():
    order = place(payment_method="pm_bug")
    deliver_due()
    dead = Message.objects.get(task="payments.charge_payment")
    client = client_with(*READER)
    assert "Resume from here" not in client.get(url(order)).content.decode()
    assert client.post(url(order), {"message": str(dead.pk)}).status_code == 403
    dead.refresh_from_db()
    assert dead.state == State.DEAD


def test_a_dead_step_that_a_retry_cannot_help_says_what_does():
    order = place(city="Rejectford")
    deliver_due()
    page = client_with(*READER, "retry_message", "correct_address").get(url(order)).content.decode()
    assert "The carrier does not deliver to this address" in page
    assert "Correct address" in page
    assert "Resume from here" not in page


@pytest.mark.parametrize("wanted", ["", "\ufffd", "7", "not-a-uuid", "0" * 5000])
def test_only_a_message_of_the_order_can_be_resumed(wanted):
    order, other = place(), place(city="Rejectford")
    deliver_due()
    client = client_with(*READER, "retry_message")
    assert client.post(url(order), {"message": wanted}).status_code == 404
    foreign = Message.objects.get(task="shipping.create_shipment", subject=other.number)
    assert client.post(url(order), {"message": str(foreign.pk)}).status_code == 404
