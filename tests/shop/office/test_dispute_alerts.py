"""Alerts about disputes: one e-mail for each that needs a response, cleared once it is answered."""

import pytest
from django.core import mail

from messaging.operations import alerts
from messaging.operations.models import Alert
from payments.disputes import selectors
from payments.disputes.services import mark_answered
from tests.delivery import deliver_due
from tests.payments.disputes.disputing import delivered, disputed
from tests.shipping.stranded import Person

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_dispute_is_announced_by_e_mail_once_and_cleared_when_answered(settings):
    settings.CONVEYOR_ALERT_EMAILS = ["ops@example.com"]
    order = delivered()
    dispute = disputed(order)
    deliver_due()
    mail.outbox.clear()
    for _ in range(2):
        alerts.raise_alerts(alerts.conditions())
        deliver_due()
    [sent] = mail.outbox
    assert sent.to == ["ops@example.com"]
    due = f"{dispute.evidence_due_at:%Y-%m-%d %H:%M} UTC"
    assert f"A dispute of €25.00 for order {order.number} needs a response by {due}" in sent.body
    mark_answered(dispute=dispute, by=Person({"payments.answer_dispute"}))
    alerts.raise_alerts(alerts.conditions())
    assert Alert.objects.get(key=f"dispute:{dispute.gateway_id}").cleared_at is not None


def test_alerts_about_disputes_have_a_bound(monkeypatch):
    monkeypatch.setattr(selectors, "MOST_SHOWN", 2)
    first, second, _third = [disputed(delivered()) for _ in range(3)]
    keys = {key for key in alerts.conditions() if key.startswith("dispute:")}
    assert keys == {f"dispute:{each.gateway_id}" for each in (first, second)}
