"""Queues page, circuits: open ones with what they defer, and the probe."""

from datetime import timedelta

import pytest
from django.utils import timezone

from messaging.models import Circuit, Message
from messaging.operations.models import AuditEntry
from tests.messaging.deliver import claimable
from tests.messaging.operations.queues_page.page import PAGE, enqueue, text, text_after

pytestmark = pytest.mark.django_db(transaction=True)


def down(**changes) -> Circuit:
    now = timezone.now()
    fields = {"opened_at": now, "probe_at": now + timedelta(hours=1), "last_error": "no answer"}
    return Circuit.objects.create(pk="gateway.simulated", **(fields | changes))


def test_an_open_circuit_and_its_deferred_messages_are_shown(operator, viewer):
    assert "Outside systems" in text(operator)
    assert "Probe now" not in text(operator)
    circuit = down()
    (waiting,) = enqueue(delay=3600)
    Message.objects.filter(pk=waiting.pk).update(waits_for=circuit.name)
    page = text(operator)
    for words in ("Payment gateway", "down", "no answer", "Probe now"):
        assert words in page
    assert "Probe now" not in text(viewer)
    Circuit.objects.update(probing_since=timezone.now())
    assert "half-open, probing" in text(operator)


def test_an_operator_probes_a_circuit_and_a_viewer_may_not(operator, viewer):
    path = f"{PAGE}circuits/gateway.simulated/probe/"
    circuit = down()
    (waiting,) = enqueue(delay=3600)
    Message.objects.filter(pk=waiting.pk).update(waits_for=circuit.name)
    assert viewer.post(path).status_code == 403
    assert operator.get(path).status_code == 405
    assert not claimable()
    assert "Probing gateway.simulated now" in text_after(operator, path)
    assert AuditEntry.objects.get().action == "probe circuit"
    assert claimable() == {waiting}
    Message.objects.all().delete()
    assert "No deferred message needs gateway.simulated" in text_after(operator, path)
    Circuit.objects.update(opened_at=None)
    assert "is not open" in text_after(operator, path)
