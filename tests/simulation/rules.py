"""What must hold: after a run, the audit's invariants and more; in the middle of one, what a claim may take."""

from collections import Counter
from collections.abc import Collection

from django.conf import settings
from django.core import mail
from django.core.exceptions import ObjectDoesNotExist
from django.db import connection

from messaging.models import Message, State
from orders.models import Order
from payments.gateways import ChargeState, simulated_charges
from payments.invariants import REFUNDS_HAVE_A_MESSAGE
from payments.models import GatewayCharge, Payment, PaymentStatus, Refund
from tests.shop.any_order_refunds import assert_money_adds_up
from tests.simulation import audits, probe
from tests.simulation.actors import PERIODIC

_TOO_MANY = "SELECT queue, COUNT(*) FROM messaging_message WHERE state = 'sent' GROUP BY queue HAVING COUNT(*) > ?"
_PAUSED = """
    SELECT m.task, m.queue FROM messaging_message m JOIN messaging_queuepause p ON p.queue = m.queue
    WHERE m.state = 'sent' AND p.paused_at <= m.sent_at AND (p.resumed_at IS NULL OR p.resumed_at > m.sent_at)
"""


#: Invariants that hold at rest only: a fault may outlast the grace time of the first, and the second is broken until
#: the operator retries the dead task of a refund. All others hold at any committed moment.
AT_REST = ("no pending message is overdue", REFUNDS_HAVE_A_MESSAGE)
_TAKES_NOTHING = frozenset({ChargeState.DECLINED, ChargeState.VOIDED, None})
_TAKEN = frozenset({ChargeState.CAPTURED})
#: What the gateway may have of a payment once everything is at rest; None: no charge. An authorisation that has expired
#: there is noticed at the capture, or by a comparison, of which a run may have none.
AGREEING = {
    PaymentStatus.AUTHORISED: frozenset({ChargeState.AUTHORISED, ChargeState.VOIDED}),
    PaymentStatus.CAPTURED: _TAKEN,
    PaymentStatus.REFUNDED: _TAKEN,
    PaymentStatus.FAILED: _TAKES_NOTHING,
    PaymentStatus.CANCELLED: _TAKES_NOTHING,
}


class Broken(AssertionError):
    """Rules do not hold: the details by the name of the rule."""

    def __init__(self, details: dict[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {text}" for name, text in details.items()))
        self.rules = frozenset(details)


def after_claim() -> dict[str, str]:
    """Rules that a claim has broken. The statements are the world's own: no actor can die or wait in them."""
    raw = connection.connection
    crowded = raw.execute(_TOO_MANY, [settings.CONVEYOR_IN_FLIGHT]).fetchall()
    paused = raw.execute(_PAUSED).fetchall()
    found = {"no more than the bound is in flight": crowded, "nothing of a paused queue is claimed": paused}
    return {name: str(rows) for name, rows in found.items() if rows}


def at_quiet_point(*, touched: Collection[str] | None) -> dict[str, str]:
    """Rules that what is committed has broken, while all actors sleep and faults may last.

    `touched` are the tables that were written to since the last quiet point of the run; None: there was none.
    """
    return audits.broken(besides=AT_REST, touched=touched)


def at_rest() -> dict[str, str]:
    """Rules that the run has broken."""
    unfinished = Message.objects.filter(state=State.SENT).exclude(task__in=PERIODIC).values_list("task", "subject")
    orders = Counter(Order.objects.values_list("name", flat=True))
    found = {
        "no message stays in flight": list(unfinished),
        "a task's effects happen exactly once": probe.wrong(),
        "a message waits for a release that understands it": probe.misunderstood(),
        "no e-mail is sent twice": _sent_twice(),
        "a repeated request places no second order": [name for name, count in orders.items() if count > 1],
        "money adds up": _money(),
        "payments are at the gateway as in the shop": _disagreeing(),
        "nothing is refunded that was not captured": list(Refund.objects.filter(payment__captured_at=None)),
    }
    return audits.broken() | {name: str(what) for name, what in found.items() if what}


def _sent_twice() -> list[str]:
    """E-mails that went out more often than they were asked for: an operator's retry may ask again."""
    sent = Counter(str(email.extra_headers["Message-ID"])[1:37] for email in mail.outbox)
    again = Message.objects.filter(replayed_from__gt=0).values_list("pk", flat=True)
    return [id_ for id_, count in sent.items() if count > 1 and id_ not in set(map(str, again))]


def _money() -> str:
    try:
        assert_money_adds_up()
    except (AssertionError, ObjectDoesNotExist) as error:
        return str(error) or "a charge differs"
    return ""


def _disagreeing() -> list[str]:
    """Payments that no dead message explains, such as one of an authorisation that nobody released."""
    dead = set(Message.objects.dead().values_list("subject", flat=True))
    charges = {charge.idempotency_key: charge for charge in GatewayCharge.objects.all()}
    payments = Payment.objects.select_related("order").exclude(order__number__in=dead)
    states = [(payment, _state_of(charges.get(str(payment.pk)))) for payment in payments]
    return [
        f"{payment.order.number} is {payment.order.status}, its payment {payment.status}, at the gateway {state}"
        for payment, state in states
        if state not in AGREEING.get(PaymentStatus(payment.status), ())
    ]


def _state_of(charge: GatewayCharge | None) -> ChargeState | None:
    return simulated_charges.record(charge, refunded=0).state if charge else None
