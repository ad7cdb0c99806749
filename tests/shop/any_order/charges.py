"""Rules of the state machine test about reserved money: confirmed by the shopper, captured or lost at the gateway."""

import uuid
from contextlib import suppress

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from messaging import outbox
from messaging.models import Message
from messaging.operations import actions
from messaging.operations.permissions import Actor
from orders.services.operators import Trusted
from payments.errors import AuthorisationLost, NotLost
from payments.gateways import RequestRefused, WebhookEvent, simulated_charges
from payments.models import GatewayCharge, Payment, PaymentStatus
from payments.selectors import can_write_off
from payments.services import record_event, write_off
from tests.delivery import deliver_all
from tests.shop.any_order.steps import one_of

_State = GatewayCharge.State


class ChargeRules(RuleBasedStateMachine):
    @rule(data=st.data(), is_approved=st.booleans(), is_reported=st.booleans())
    def a_shopper_answers_the_bank(self, data: st.DataObject, is_approved: bool, is_reported: bool) -> None:
        charge = one_of(data, GatewayCharge.objects.filter(state=_State.ACTION_REQUIRED))
        if charge is not None:
            simulated_charges.answer_challenge(reference=charge.reference, is_approved=is_approved)
            if is_reported:
                report(charge)

    @rule(data=st.data(), is_declined=st.booleans(), is_reported=st.booleans())
    def a_bank_settles(self, data: st.DataObject, is_declined: bool, is_reported: bool) -> None:
        charge = one_of(data, GatewayCharge.objects.filter(state=_State.PROCESSING, is_captured=False))
        if charge is not None:
            change = {"state": _State.DECLINED} if is_declined else {"is_captured": True}
            GatewayCharge.objects.filter(pk=charge.pk).update(**change)
            if is_reported:
                report(charge)

    @rule(data=st.data())
    def somebody_captures_at_the_gateway(self, data: st.DataObject) -> None:
        """And the gateway reports it: the audit is right to find what nobody reports, until the next reconciliation."""
        charge = one_of(data, GatewayCharge.objects.filter(state=_State.AUTHORISED, is_captured=False))
        if charge is not None:
            with suppress(RequestRefused):
                simulated_charges.capture(reference=charge.reference, amount=charge.amount)
            report(charge)

    @rule(data=st.data())
    def an_authorisation_expires(self, data: st.DataObject) -> None:
        charge = one_of(data, GatewayCharge.objects.filter(state=_State.AUTHORISED, is_captured=False))
        if charge is not None and data.draw(st.integers(0, 3)) == 0:
            simulated_charges.void(reference=charge.reference)
            report(charge)

    @rule(data=st.data())
    def writes_off(self, data: st.DataObject) -> None:
        payment = one_of(data, Payment.objects.filter(status=PaymentStatus.AUTHORISED))
        if payment is not None:
            with suppress(NotLost), outbox.transaction():
                write_off(payment=payment, by=Trusted("ann"), reason="test")


def write_off_what_is_lost() -> None:
    """An operator decides about all that no task can capture any more; a retry settles their messages."""
    for payment in Payment.objects.filter(status=PaymentStatus.AUTHORISED).select_related("order"):
        if can_write_off(payment=payment):
            write_off(payment=payment, by=Trusted("ann"), reason="lost")
    lost = Message.objects.dead().filter(error_type__endswith=AuthorisationLost.__name__)
    actions.retry(ids=list(lost.values_list("pk", flat=True)), actor=Actor.system("ann"))
    deliver_all(limit=1000)
    assert not lost.exists()


def report(charge: GatewayCharge) -> None:
    """The gateway sends an event about the charge."""
    key = uuid.UUID(charge.idempotency_key)
    with outbox.transaction():
        record_event(event=WebhookEvent(f"evt_{uuid.uuid4()}", "payment_intent", key, charge.reference))
