"""Circuits for operators: status, probe now, alerts."""

import json
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.db.models.functions import Now

from messaging import circuit_breaker, scheduler
from messaging.models import Circuit, State
from messaging.operations import actions, alerts
from messaging.operations.dashboard.circuits import circuit_rows
from messaging.operations.models import Alert, AuditEntry
from messaging.operations.permissions import Actor
from tests.delivery import claim_task
from tests.messaging.circuit_breaker.system import (
    ANN,
    NAME,
    opened,
    probe_is_due,
    script,
    send,
)
from tests.messaging.deliver import claimable, deliver, hand_over
from tests.messaging.samples import TemporaryError

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_operator_probes_now():
    opened()
    waiting = send(3)
    actions.probe(name=NAME, actor=ANN)
    (probe,) = claimable()
    assert probe in waiting
    circuit_breaker.forget()
    assert deliver(probe).state == State.DONE
    assert circuit_breaker.release_waiting() == 2
    assert AuditEntry.objects.get(action="probe circuit").data == {"circuit": NAME}


def test_a_probe_requires_permission_and_an_open_circuit():
    with pytest.raises(PermissionDenied):
        actions.probe(name=NAME, actor=Actor(name="eve", may=lambda codename: False))
    with pytest.raises(actions.CircuitClosed):
        actions.probe(name=NAME, actor=ANN)
    assert not AuditEntry.objects.exists()


def test_status_and_deferred_count_are_shown_with_personal_data_masked():
    circuit_breaker.register(NAME, "A system")
    try:
        assert next(row for row in circuit_rows() if row.name == NAME).state == "closed"
        opened()
        send(2)
        Circuit.objects.update(last_error="no answer for ann@example.com")
        row = next(row for row in circuit_rows() if row.name == NAME)
        assert (row.state, row.waiting, row.label) == ("open", 2, "A system")
        assert "ann@" not in row.last_error
        probe_is_due()
        circuit_breaker._claim_probe(NAME)
        assert next(row for row in circuit_rows() if row.name == NAME).state == "half_open"
    finally:
        circuit_breaker._labels.pop(NAME)


def test_an_open_circuit_raises_one_alert():
    opened()
    assert [alert.key for alert in alerts.raise_alerts(alerts.conditions()) if alert.key.startswith("circuit")] == [
        f"circuit:{NAME}"
    ]
    assert not [alert for alert in alerts.raise_alerts(alerts.conditions()) if alert.key.startswith("circuit")]


def test_the_command_lists_open_circuits_and_probes_them(capsys):
    opened()
    waiting = send(2)
    call_command("queue", "list")
    assert f"{NAME} is unreachable: 2 messages are waiting for it." in capsys.readouterr().out
    call_command("queue", "try", NAME, "--dry-run")
    assert "would be probed" in capsys.readouterr().out
    assert not claimable()
    call_command("queue", "try", NAME, "--json")
    assert json.loads(capsys.readouterr().out) == {"circuit": NAME, "dry_run": False}
    (probe,) = claimable()
    assert probe in waiting
    Circuit.objects.update(opened_at=None)
    for options in ([], ["--dry-run"]):
        with pytest.raises(CommandError, match="is not open"):
            call_command("queue", "try", NAME, *options)
    with pytest.raises(CommandError, match=f"Circuits: .*{NAME}"):
        call_command("queue", "try", "the moon")


def test_a_failure_whose_text_no_database_stores_counts_as_well():
    script.extend(TemporaryError("half \ud800 of a pair, and a\x00b") for _ in range(3))
    assert {message.attempts for message in send(3)} == {1}
    assert Circuit.objects.get().is_open


def run_alerts() -> list[str]:
    """The circuits whose alert stands after the periodic check."""
    scheduler.tick("operations.raise_alerts")
    hand_over(claim_task(task="operations.raise_alerts"))
    return list(Alert.objects.filter(key__startswith="circuit:", cleared_at=None).values_list("key", flat=True))


def test_the_circuit_of_a_system_that_was_removed_closes():
    opened()
    send(1)
    assert run_alerts() == [f"circuit:{NAME}"]
    Circuit.objects.update(probe_at=Now() - timedelta(hours=2))
    circuit_breaker.register(NAME, "A system")
    try:
        assert run_alerts() == [f"circuit:{NAME}"]  # it is configured: the next message probes
    finally:
        circuit_breaker._labels.pop(NAME)
    assert run_alerts() == []
    assert circuit_breaker.release_waiting() == 1
    assert next(row for row in circuit_rows() if row.name == NAME).state == "closed"


def test_open_circuits_close_once_the_breaker_is_disabled(settings):
    opened()
    (waiting,) = send(1)
    settings.CONVEYOR_CIRCUIT_FAILURES = 0
    assert run_alerts() == []
    assert circuit_breaker.release_waiting() == 1
    circuit_breaker.forget()
    assert deliver(waiting).state == State.DONE
