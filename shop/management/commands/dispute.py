"""Disputes a simulated payment: `python manage.py dispute CV-01234-56789`, later `… --decide lost`."""

from typing import Any
from uuid import uuid4

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from messaging import outbox
from payments.gateways import RequestRefused, WebhookEvent, is_simulated, simulated_disputes
from payments.gateways.dispute_records import DisputeState
from payments.models import SETTLED, Dispute, Payment
from payments.services import record_event

_DECISIONS = ("under_review", "won", "lost", "closed")


class Command(BaseCommand):
    help = "Demo only: dispute the payment of an order at the simulated gateway, or decide its dispute."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("number", metavar="ORDER", help="such as CV-01234-56789")
        parser.add_argument("--inquiry", action="store_true", help="the bank only asks, and takes no money")
        parser.add_argument("--decide", choices=_DECISIONS, help="move the order's newest dispute on")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.CONVEYOR_DEMO or not is_simulated():
            raise CommandError("Disputes can be simulated in demo mode with the simulated gateway only.")
        payments = Payment.objects.filter(order__number=options["number"], status__in=SETTLED)
        payment = payments.select_related("order").first()
        if payment is None:
            raise CommandError(f"No payment of an order {options['number']} was captured.")
        with outbox.transaction():  # killed between the two, it could not be run again
            if options["decide"]:
                reference = self._decide(payment, options["decide"])
            else:
                reference = self._open(payment, is_inquiry=options["inquiry"])
            event = WebhookEvent(f"evt_{uuid4().hex}", "charge.dispute", None, payment.gateway_reference, reference)
            record_event(event=event)
        state = (options["decide"] or DisputeState.NEEDS_RESPONSE).replace("_", " ")
        self.stdout.write(f"The gateway reports the dispute {reference} of order {payment.order.number}: {state}.")

    def _open(self, payment: Payment, *, is_inquiry: bool) -> str:
        try:
            dispute = simulated_disputes.open_dispute(charge_reference=payment.gateway_reference, is_inquiry=is_inquiry)
        except RequestRefused:
            raise CommandError("Nothing is left to dispute: it was refunded or disputed before.") from None
        return dispute.reference

    def _decide(self, payment: Payment, decision: str) -> str:
        newest = Dispute.objects.filter(payment=payment).order_by("-opened_at", "-id").first()
        if newest is None:
            raise CommandError(f"Order {payment.order.number} has no recorded dispute.")
        if not simulated_disputes.decide(reference=newest.gateway_id, state=DisputeState(decision)):
            raise CommandError(f"The dispute {newest.gateway_id} has ended already; nothing was changed.")
        return newest.gateway_id
