"""Alerts about disputes, failed refunds and parcels that did not arrive: one e-mail each, cleared once decided."""

import re
import uuid

import pytest
from django.contrib.auth import get_user_model
from django.core import mail

from messaging.operations import alerts
from messaging.operations.models import Alert
from orders.models import Order
from orders.services.operators import Trusted
from payments import selectors as payment_selectors
from payments.disputes import selectors
from payments.disputes.services import mark_answered
from payments.models import Refund
from payments.services import refund_order, repeat_refund, settle_refund
from shipping import selectors as shipping_selectors
from shipping.delivery_problems import reship
from shipping.models import Shipment
from tests.delivery import deliver_due
from tests.payments.disputes.disputing import delivered, disputed
from tests.payments.refunds.refunding import failed, work_off
from tests.shipping.stranded import OLGA, Person, delivered_or_stranded

pytestmark = pytest.mark.django_db(transaction=True)


def announced() -> mail.EmailMessage:
    """The one e-mail that two checks in a row send."""
    mail.outbox.clear()
    for _ in range(2):
        alerts.raise_alerts(alerts.conditions())
        deliver_due()
    [sent] = mail.outbox
    return sent


def test_a_dispute_is_announced_by_e_mail_once_and_cleared_when_answered(settings):
    settings.CONVEYOR_ALERT_EMAILS = ["ops@example.com"]
    order = delivered()
    dispute = disputed(order)
    deliver_due()
    sent = announced()
    assert sent.to == ["ops@example.com"]
    due = f"{dispute.evidence_due_at:%Y-%m-%d %H:%M} UTC"
    assert f"A dispute of €25.00 for order {order.number} needs a response by {due}" in sent.body
    mark_answered(dispute=dispute, by=Person({"payments.answer_dispute"}))
    alerts.raise_alerts(alerts.conditions())
    assert Alert.objects.get(key=f"dispute:{dispute.gateway_id}").cleared_at is not None


def failed_refund() -> str:
    return f"refund:{failed(700).pk}"


def lost_parcel() -> str:
    return f"parcel:{delivered_or_stranded('Lostville')[1].pk}"


def returned_parcel() -> str:
    return f"parcel:{delivered_or_stranded('Returnham')[1].pk}"


def repeat() -> None:
    repeat_refund(refund=Refund.objects.get(), by=Trusted("olga"), reason="new card")


def settle() -> None:
    settle_refund(refund=Refund.objects.get(), by=Trusted("olga"), reason="bank transfer")


def send_replacement() -> None:
    reship(shipment=Shipment.objects.get(), goods_are_back=False, by=OLGA)


def refund_all() -> None:
    order = Order.objects.get()
    refund_order(order=order, amount=order.total, request_id=uuid.uuid4(), by=Trusted("olga"), reason="lost")
    work_off()


@pytest.mark.parametrize(
    ("waiting", "text", "decide"),
    [
        (failed_refund, "A refund of €7.00 for order {} has failed; repeat or settle it: ", repeat),
        (failed_refund, "A refund of €7.00 for order {} has failed; repeat or settle it: ", settle),
        (lost_parcel, "of order {} was lost; send a replacement or refund the order: ", send_replacement),
        (returned_parcel, "of order {} was returned; send a replacement or refund the order: ", refund_all),
    ],
)
def test_what_waits_for_a_decision_is_announced_once_with_its_page_and_cleared_when_decided(
    settings, client, waiting, text, decide
):
    settings.CONVEYOR_ALERT_EMAILS = ["ops@example.com"]
    key = waiting()
    deliver_due()
    sent = announced()
    assert text.format(Order.objects.get().number) in sent.body
    [page] = re.findall(rf"{re.escape(settings.SITE_URL)}(/admin/(?:payments|orders)/\S+)", sent.body)
    client.force_login(get_user_model().objects.create_superuser("olga"))
    assert client.get(page).status_code == 200
    decide()
    alerts.raise_alerts(alerts.conditions())
    assert Alert.objects.get(key=key).cleared_at is not None


@pytest.mark.parametrize(
    ("module", "bound", "waiting"),
    [(payment_selectors, "MOST_SHOWN", failed_refund), (shipping_selectors, "MOST_PARCELS", lost_parcel)],
)
def test_alerts_about_decisions_have_a_bound(monkeypatch, module, bound, waiting):
    monkeypatch.setattr(module, bound, 2)
    first, second, _third = [waiting() for _ in range(3)]
    kind = first.partition(":")[0]
    assert {key for key in alerts.conditions() if key.startswith(f"{kind}:")} == {first, second}


def test_alerts_about_disputes_have_a_bound(monkeypatch):
    monkeypatch.setattr(selectors, "MOST_SHOWN", 2)
    first, second, _third = [disputed(delivered()) for _ in range(3)]
    keys = {key for key in alerts.conditions() if key.startswith("dispute:")}
    assert keys == {f"dispute:{each.gateway_id}" for each in (first, second)}
