"""Rules of the state machine test about disputes, and about parcels that are found again."""

import uuid
from contextlib import suppress
from typing import Any

from django.utils import timezone
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from messaging import outbox
from payments.gateways import DisputeState, RequestRefused, WebhookEvent, simulated_disputes
from payments.models import UNDECIDED, Dispute, GatewayCharge, GatewayDispute
from payments.payloads import FindDisputes
from payments.services import record_event
from shipping.carriers import CarrierEvent, EventCode, TrackingEvent
from shipping.models import CarrierParcel
from shipping.services import record_event as record_carrier_event
from tests.shop.any_order.refunds import room
from tests.shop.any_order.steps import one_of, pending

DECISIONS = (DisputeState.UNDER_REVIEW, DisputeState.WON, DisputeState.LOST, DisputeState.LOST, DisputeState.CLOSED)


class DisputeRules(RuleBasedStateMachine):
    @rule(data=st.data(), share=st.sampled_from([0.5, 1.0, 1.0]), is_inquiry=st.booleans(), is_reported=st.booleans())
    def a_shopper_disputes(self, data: st.DataObject, share: float, is_inquiry: bool, is_reported: bool) -> None:
        charge = one_of(data, GatewayCharge.objects.all())
        amount = round(room(charge) * share) if charge is not None else 0
        if amount:
            with suppress(RequestRefused):
                dispute = simulated_disputes.open_dispute(
                    charge_reference=charge.reference, amount=amount, is_inquiry=is_inquiry
                )
                if is_reported:
                    report(dispute)

    @rule(data=st.data(), state=st.sampled_from(DECISIONS))
    def a_bank_decides(self, data: st.DataObject, state: DisputeState) -> None:
        dispute = one_of(data, GatewayDispute.objects.filter(status__in=UNDECIDED))
        if dispute is not None and (state != DisputeState.LOST or not dispute.is_inquiry):
            simulated_disputes.decide(reference=dispute.reference, state=state)
            report(dispute)

    @rule(data=st.data(), count=st.integers(1, 2))
    def gateway_reports_a_dispute(self, data: st.DataObject, count: int) -> None:
        dispute = one_of(data, GatewayDispute.objects.all())
        for _ in range(count if dispute is not None else 0):
            report(dispute, number=data.draw(st.integers(0, 3)))

    @rule()
    def looks_for_disputes(self) -> None:
        if not pending().filter(task=FindDisputes.task).exists():
            with outbox.transaction():
                outbox.enqueue(FindDisputes())

    @rule(data=st.data(), city=st.sampled_from(["Bern", "Returnham"]))
    def a_carrier_finds_a_parcel(self, data: st.DataObject, city: str) -> None:
        parcel = one_of(data, CarrierParcel.objects.filter(city__in=["Lostville", "Returnham"]))
        if parcel is not None:
            CarrierParcel.objects.filter(pk=parcel.pk).update(city=city)
            event = TrackingEvent(id=f"found-{uuid.uuid4()}", at=timezone.now(), code=EventCode.IN_TRANSIT)
            with outbox.transaction():
                record_carrier_event(carrier=parcel.carrier, event=CarrierEvent(parcel.tracking_number, event))


def report(dispute: Any, *, number: int | None = None) -> None:
    """The gateway sends a new event about a dispute, or one of a few that it repeats."""
    id_ = f"evt_{dispute.pk}_{uuid.uuid4() if number is None else number}"
    with outbox.transaction():
        record_event(event=WebhookEvent(id_, "charge.dispute", None, dispute.charge.reference, dispute.reference))


def decide_all_disputes() -> None:
    """About half of the disputes are lost, inquiries never; the gateway reports them all."""
    for dispute in GatewayDispute.objects.select_related("charge").order_by("pk"):
        is_lost = not dispute.is_inquiry and dispute.pk % 2
        simulated_disputes.decide(reference=dispute.reference, state=DisputeState.LOST if is_lost else DisputeState.WON)
        report(dispute)


def assert_disputes_agree() -> None:
    for dispute in GatewayDispute.objects.all():
        recorded = Dispute.objects.filter(gateway_id=dispute.reference).first()
        assert recorded is not None, dispute
        assert (recorded.status, recorded.amount) == (dispute.status, dispute.amount)
