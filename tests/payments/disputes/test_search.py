"""Search for disputes that no webhook reported."""

from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from messaging import circuit_breaker, outbox, scheduler
from messaging.models import Message, State
from payments.disputes import search
from payments.gateways import DisputeState, simulated_disputes
from payments.models import Dispute, DisputeStatus
from payments.payloads import FindDisputes
from tests.auditing import broken
from tests.delivery import claim_task, deliver, deliver_due, run_periodic
from tests.payments.disputes.disputing import COMPARE, delivered, disputed, open_at_gateway

pytestmark = pytest.mark.django_db(transaction=True)
FIND = "payments.find_disputes"


def test_a_dispute_without_a_webhook_event_is_found(monkeypatch):
    monkeypatch.setattr(simulated_disputes, "PAGE_SIZE", 1)
    references = {open_at_gateway(delivered()) for _ in range(3)}
    run_periodic(FIND)
    deliver_due()
    assert set(Dispute.objects.values_list("gateway_id", flat=True)) == references
    assert broken() == {}


def test_a_dispute_that_was_opened_since_the_last_run_is_found_however_long_ago_that_was(settings):
    """As after a restored backup, or days without beat."""
    settings.PAYMENT_RECONCILE_DAYS = 3
    began = timezone.now()
    with time_machine.travel(began - timedelta(days=10)):
        run_periodic(FIND)
    with time_machine.travel(began - timedelta(days=9)):
        reference = open_at_gateway(delivered())
    run_periodic(FIND)
    deliver_due()
    assert Dispute.objects.get().gateway_id == reference


@pytest.mark.usefixtures("one_step_slices")
def test_a_run_ends_though_its_slices_are_cut_after_each_page(monkeypatch):
    monkeypatch.setattr(simulated_disputes, "PAGE_SIZE", 2)
    references = {open_at_gateway(delivered()) for _ in range(3)}
    scheduler.tick(FIND)
    states = []
    while len(states) < 9 and Message.objects.filter(task=FIND, state=State.PENDING).exists():
        states.append(deliver(claim_task(task=FIND)))
    assert states == [State.DONE] * 3  # two pages, and nothing left
    deliver_due()
    assert set(Dispute.objects.values_list("gateway_id", flat=True)) == references


def test_a_page_of_many_disputes_takes_a_bounded_number_of_statements():
    def statements(count: int) -> int:
        for _ in range(count):
            open_at_gateway(delivered())
        circuit_breaker.forget()  # reading its state is one of the statements, as happens once a second
        with CaptureQueriesContext(connection) as queries:
            search.Search(FindDisputes()).read_page()
        return len(queries)

    assert statements(1) == statements(5)


def test_known_disputes_and_those_under_way_are_not_compared_again():
    disputed(delivered())
    Message.objects.all().delete()
    run_periodic(FIND)
    assert not Message.objects.filter(task=COMPARE).exists()
    open_at_gateway(delivered())
    run_periodic(FIND)
    Message.objects.filter(task=COMPARE).update(state=State.DEAD)
    run_periodic(FIND)
    assert Message.objects.filter(task=COMPARE).count() == 1


def test_undecided_disputes_are_compared_from_time_to_time_within_a_bound(monkeypatch):
    monkeypatch.setattr(search, "MOST_COMPARED", 2)
    disputes = [disputed(delivered()) for _ in range(3)]
    for dispute in disputes:
        simulated_disputes.decide(reference=dispute.gateway_id, state=DisputeState.LOST)
    Message.objects.all().delete()
    with time_machine.travel(timezone.now() + search.COMPARE_EVERY + timedelta(minutes=1), tick=False):
        search_once()
        assert Dispute.objects.filter(status=DisputeStatus.LOST).count() == 2
        search_once()
        assert Dispute.objects.filter(status=DisputeStatus.LOST).count() == 3


def search_once() -> None:
    with outbox.transaction():
        search.compare_undecided()
    Message.objects.filter(state=State.PENDING).update(available_at=timezone.now() - timedelta(days=1))
    deliver_due()
