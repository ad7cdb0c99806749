"""$title: what becomes of a paid order, who sees it, and the schema of its message."""

from pathlib import Path

import pytest

from extensions.$name.models import Entry
from extensions.$name.payloads import RecordOrder
from messaging.models import Message
from messaging.topology import topology
from tests.delivery import deliver, deliver_due
from tests.extensions.snapshots import assert_unchanged
from tests.factories import client_with, place

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_paid_order_is_recorded():
    order = place()
    deliver_due()
    assert Entry.objects.get().order == order


def test_a_message_that_comes_twice_has_one_effect():
    place()
    deliver_due()
    deliver(Message.objects.get(task=RecordOrder.task), redelivered=True)
    assert Entry.objects.count() == 1


def test_staff_see_the_list_and_others_do_not():
    assert client_with("view_entry").get("/admin/$name/entry/").status_code == 200
    assert client_with().get("/admin/$name/entry/").status_code == 403


def test_the_message_leads_to_the_queue_of_the_app():
    assert topology().binds(RecordOrder.routing_key, "$name")


def test_the_schema_changes_only_with_a_new_version():
    assert_unchanged(RecordOrder, Path(__file__).with_name("schemas"))
