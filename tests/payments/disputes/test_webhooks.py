"""Stripe's dispute events: in any order, repeated, about other systems' charges, or lost."""

import itertools
from typing import Any

import pytest

from messaging.models import Message
from payments.models import Dispute, DisputeStatus, GatewayEvent
from tests.auditing import broken
from tests.delivery import deliver_due, run_periodic
from tests.payments.disputes.disputing import delivered
from tests.payments.gateways.stripe_server import StripeServer
from tests.payments.gateways.stripe_webhook import event, post_event

pytestmark = pytest.mark.django_db(transaction=True)
KINDS = ("created", "funds_withdrawn", "updated", "closed", "funds_reinstated")


def about(kind: str, dispute: dict[str, Any]) -> dict[str, Any]:
    return event(f"charge.dispute.{kind}", dict(dispute))


def test_a_dispute_event_is_stored_and_compared_with_stripe_s_record(stripe: StripeServer):
    order = delivered()
    dispute = stripe.vault.disputes.open(order.payments.get().gateway_reference)
    assert post_event(about("created", dispute)) == 200
    assert GatewayEvent.objects.get().key == order.payments.get().pk
    assert Message.objects.get(task="payments.compare_dispute").subject == order.number
    deliver_due()
    recorded = Dispute.objects.get()
    assert (recorded.gateway_id, recorded.reason) == (dispute["id"], "product_not_received")
    assert recorded.is_withdrawn
    assert broken() == {}


@pytest.mark.parametrize("status", ["won", "lost", "warning_closed"])
def test_events_in_any_order_and_repeated_end_as_stripe_says(stripe: StripeServer, status):
    for number, kinds in enumerate(itertools.islice(itertools.permutations(KINDS), 0, None, 40)):
        order = delivered()
        disputes = stripe.vault.disputes
        dispute = disputes.open(order.payments.get().gateway_reference)
        events = [about(kind, dispute) for kind in kinds]
        post_event(events[0])
        if number % 2:
            deliver_due()
        disputes.move(dispute["id"], status)
        for content in [*events[1:], *events]:
            assert post_event(content) == 200
        deliver_due()
        recorded = Dispute.objects.get(payment__order=order)
        assert recorded.status == {"warning_closed": DisputeStatus.CLOSED}.get(status, status)
        kinds_written = list(order.events.filter(kind__startswith="dispute_").values_list("kind", flat=True))
        assert kinds_written == ["dispute_opened", f"dispute_{recorded.status}"]
    assert not Message.objects.dead().exists()
    assert broken() == {}


def test_disputes_of_other_systems_charges_are_ignored(stripe: StripeServer):
    foreign = stripe.vault.create({"amount": "900", "currency": "eur", "payment_method": "pm_card_visa"})
    dispute = stripe.vault.disputes.open(foreign["id"])
    assert post_event(about("created", dispute)) == 200
    deliver_due()
    run_periodic("payments.find_disputes")
    assert not Dispute.objects.exists()
    assert not Message.objects.dead().exists()


def test_a_dispute_in_another_currency_concerns_no_more_than_the_payment(stripe: StripeServer):
    order = delivered()
    dispute = stripe.vault.disputes.open(order.payments.get().gateway_reference, amount=999_999)
    dispute["currency"] = "usd"
    post_event(about("created", dispute))
    deliver_due()
    assert (Dispute.objects.get().amount, Dispute.objects.get().currency) == (order.total, "EUR")


def test_a_status_that_stripe_has_added_since_keeps_the_money(stripe: StripeServer):
    order = delivered()
    dispute = stripe.vault.disputes.open(order.payments.get().gateway_reference, status="in_arbitration")
    post_event(about("updated", dispute))
    deliver_due()
    assert Dispute.objects.get().status == DisputeStatus.UNDER_REVIEW
