"""How far the orders of a failure group are."""

import pytest

from messaging.models import Message
from messaging.operations import subject_progress
from messaging.operations.failures import groups
from shop.office.process.progress import orders_by_step
from shop.order_pages.services import cancel
from tests.delivery import deliver_due
from tests.factories import client_with, place

pytestmark = pytest.mark.django_db(transaction=True)


def test_each_order_stands_at_its_first_open_step(django_assert_num_queries):
    rejected = [place(city="Rejectford") for _ in range(2)]
    deliver_due()
    new, gone = place(), place()
    cancel(order=gone)
    numbers = [order.number for order in (*rejected, new, gone)]
    with django_assert_num_queries(1):
        found = orders_by_step([*numbers, "CV-NONE", ""])
    assert found == [
        ("Authorise the payment", 1), ("Book the parcel", 2), ("Track the parcel", 0),
        ("Delivered", 0), ("Cancelled", 1),
    ]  # fmt: skip


def test_subjects_that_are_no_orders_have_no_process():
    assert orders_by_step(["user:7"]) == []
    assert subject_progress.progress_of([]) == []


def test_the_page_of_a_group_shows_it(monkeypatch):
    for _ in range(3):
        place(city="Rejectford")
    deliver_due()
    dead = Message.objects.dead()
    page = f"/admin/operations/failuregroup/{dead[0].fingerprint}/change/"
    text = " ".join(client_with("view_failedtask", "view_failuregroup").get(page).content.decode().split())
    assert "<span>Book the parcel</span> <strong>3</strong>" in text
    monkeypatch.setattr(groups, "SUBJECTS", 2)
    assert len(groups.dead_subjects(dead[0].fingerprint)) == 2
    dead.update(subject="user:7")
    assert "Where its subjects stand" not in client_with("view_failedtask").get(page).content.decode()
