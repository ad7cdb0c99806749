"""Erasure and a shopper's orders: what is in progress prevents it, and what operators wrote is redacted."""

from threading import Thread

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from messaging.models import Message, State
from messaging.operations import actions
from messaging.operations.models import FailureGroup
from messaging.operations.permissions import Actor
from orders.models import Order, OrderEvent
from payments.gateways import DisputeState
from shop.accounts import erasure
from shop.accounts.closing import CannotErase, close_account
from shop.models import Return, User
from shop.order_pages.selectors import unfinished_orders_of
from shop.payloads import EraseAccount
from shop.returns.errors import NotReturnable
from tests.auditing import broken
from tests.database_search import places_of
from tests.delivery import claim_task, deliver, deliver_all
from tests.factories import UserFactory
from tests.payments.disputes.disputing import decide, disputed
from tests.payments.refunds.refunding import start_refund
from tests.races import beside
from tests.shop.accounts.erasing import about, erase
from tests.shop.returns.returned import delivered, requested

pytestmark = pytest.mark.django_db(transaction=True)

SEEN = dict.fromkeys(("first_seen", "last_seen"), timezone.now())
EMAIL, NAME = "zoe.quillfeather@example.com", "Zoe Quillfeather"


def bought() -> tuple[User, Order]:
    user = UserFactory.create(email=EMAIL)
    return user, delivered(user=user, email=EMAIL, name=NAME)


@pytest.mark.parametrize("is_inquiry", [False, True])
def test_a_dispute_counts_as_in_progress_until_the_bank_has_decided(is_inquiry):
    user, order = bought()
    dispute = disputed(order, is_inquiry=is_inquiry)
    with pytest.raises(CannotErase, match=order.number):
        erase(user=user)
    assert list(unfinished_orders_of(user=user)) == [order]
    decide(dispute, DisputeState.CLOSED)
    erase(user=user)
    assert not User.objects.filter(pk=user.pk).exists()


def test_what_operators_wrote_about_refunds_and_disputes_is_redacted():
    user, order = bought()
    for reason in (f"{NAME} called", "It came late"):
        with_reason(order, reason)
    dispute = disputed(order, amount=100)
    decide(dispute, DisputeState.WON)
    text = f"Dispute {dispute.gateway_id} marked as answered: {EMAIL} wrote"
    for each in (dispute, order):
        LogEntry.objects.log_actions(UserFactory.create().pk, [each], CHANGE, text)
    erase(user=user)
    found = {place.partition(": ")[0] for place in places_of(EMAIL, NAME, "quillfeather")}
    assert found == {"shop_issuedinvoice.data", "shop_creditnote.data"}
    reasons = OrderEvent.objects.filter(kind="refund_started").order_by("pk").values_list("data__reason", flat=True)
    assert list(reasons) == ["[removed] called", "It came late"]
    assert {entry.change_message for entry in LogEntry.objects.all()} == {text.replace(EMAIL, "[removed]")}
    assert broken() == {}


@pytest.mark.skipif(connection.vendor != "postgresql", reason="needs a lock of one row")
def test_a_return_that_is_requested_during_the_erasure_comes_after_it(monkeypatch):
    user, order = bought()
    collect, threads, refused = erasure._issue_missing_invoices, [], []

    def request() -> None:
        try:
            requested(order, comment=f"Call {NAME}")
        except NotReturnable as error:
            refused.append(error)
        finally:
            connections.close_all()

    def meanwhile(*args):
        threads.append(Thread(target=request))
        threads[0].start()
        threads[0].join(0.5)
        return collect(*args)

    monkeypatch.setattr(erasure, "_issue_missing_invoices", meanwhile)
    erase(user=user)
    threads[0].join()
    assert len(refused) == 1
    assert not Return.objects.exists()


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
def test_a_retry_and_the_erasure_of_its_order_do_not_wait_for_each_other():
    """The erasure has the order and needs the message; the retry has the message and writes to the order's timeline."""
    user, order = bought()
    failure = {"error_message": f"550 {EMAIL} is unknown", "fingerprint": "v1-550"}
    dead = about(order, state=State.DEAD, finished_at=timezone.now(), **failure)
    close_account(user=user)
    slice_ = claim_task(task=EraseAccount.task)
    erasing = beside(lambda: deliver(slice_), before='UPDATE "messaging_message" SET "error_message"')
    with erasing as proceed, transaction.atomic():
        assert actions.retry(ids=[dead.pk], actor=Actor.system("olga")).done == [dead.pk]
        proceed()
    slice_.refresh_from_db()
    dead.refresh_from_db()
    assert slice_.state == State.DONE
    assert (dead.state, dead.error_message) == (State.PENDING, "550 [removed] is unknown")


def test_messages_are_redacted_in_the_order_of_their_keys_as_others_lock_them():
    """An operator discards a group as a whole: of two messages, each would have the one that the other needs."""
    user, order = bought()
    dead = [about(order, state=State.DEAD, finished_at=timezone.now(), fingerprint=f"v1-{n}").pk for n in "321"]
    for pk in reversed(dead):
        Message.objects.filter(pk=pk).update(error_message=f"550 {EMAIL} is unknown")
    for n in "231":
        FailureGroup.objects.create(fingerprint=f"v1-{n}", error_message=EMAIL, **SEEN)
    with CaptureQueriesContext(connection) as captured:
        erase(user=user)
    texts = [query["sql"] for query in captured if 'SET "error_message"' in query["sql"]]
    messages = [text.replace("-", "") for text in texts if "messaging_message" in text]
    groups = [text for text in texts if "operations_failuregroup" in text]
    assert [pk.hex in text for pk, text in zip(dead, messages, strict=True)] == [True] * 3
    assert [f"v1-{n}" in text for n, text in zip("123", groups, strict=True)] == [True] * 3


def with_reason(order: Order, reason: str) -> None:
    start_refund(order, 100, reason=reason)
    deliver_all()
