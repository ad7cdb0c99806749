"""What banks decide: the shop wins every dispute that it has had for a while, and the gateway reports it."""

from datetime import timedelta

from bench.soak.tables import FRESH


def decide() -> None:
    from django.utils import timezone

    from payments.disputes.events import enqueue_comparison
    from payments.gateways import DisputeState, simulated_disputes
    from payments.models import Dispute

    open_long = Dispute.objects.undecided().filter(opened_at__lt=timezone.now() - timedelta(seconds=FRESH))
    for dispute in open_long.select_related("payment__order"):
        simulated_disputes.decide(reference=dispute.gateway_id, state=DisputeState.WON)
        enqueue_comparison(reference=dispute.gateway_id, payment=dispute.payment)
