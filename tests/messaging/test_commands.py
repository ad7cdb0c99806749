"""Management commands: topology, audit, dlq, queue list, relay."""

import json
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command

from messaging import invariants, outbox, transitions
from messaging.invariants import registry
from messaging.management.commands import topology
from messaging.models import Message, State
from messaging.transitions.failure import synthetic_failure
from tests.messaging.deliver import send
from tests.messaging.samples import Sample

pytestmark = pytest.mark.django_db(transaction=True)


def dead(subject: str = "CV-1", queue: str = "maintenance") -> Message:
    with outbox.transaction():
        message = outbox.enqueue(Sample(text="a"), subject=subject)
    transitions.bury(
        message_id=message.pk, sends=send(message).sends, failure=synthetic_failure("Bug", "broken", task=message.task)
    )
    Message.objects.filter(pk=message.pk).update(queue=queue)
    return message


def run(capsys, *arguments: str) -> str:
    call_command(*arguments)
    return capsys.readouterr().out


def test_topology_shows_queues_tasks_and_what_signals_enqueue(capsys):
    text = run(capsys, "topology")
    assert "payment.#" in text
    assert "payments.dead" in text
    assert "payments.charge_payment" in text
    assert "orders.order_placed" in text
    assert "payments.receivers.start_payment" in text
    assert "orders.receivers.send_email('paid')" in text
    facts = json.loads(run(capsys, "topology", "--json"))
    assert {queue["name"] for queue in facts["queues"]} == {"payments", "shipping", "notifications", "maintenance"}


def test_topology_aligns_the_columns_of_its_tasks_however_long_their_names_are(capsys, monkeypatch):
    long = SimpleNamespace(routing_key=f"payment.{'k' * 60}", version=1)
    monkeypatch.setattr(topology, "registered_payloads", lambda: {Sample.task: Sample, f"tests.{'n' * 60}": long})
    text = run(capsys, "topology")
    tasks = text[text.index("tasks\n") : text.index("\nsignals")].splitlines()[1:]
    assert len(tasks) == 2
    assert len({line.index(" -> ") for line in tasks}) == 1
    assert {line.index(".<high|normal|low>") < line.index(" -> ") for line in tasks} == {True}


def test_the_audit_passes_on_an_empty_shop(capsys):
    assert json.loads(run(capsys, "audit", "--json")) == {"ok": True, "broken": []}
    assert "BROKEN" not in run(capsys, "audit")


def test_a_broken_invariant_is_reported_with_exit_code_1(capsys, monkeypatch):
    name = "stock is never negative"
    monkeypatch.setitem(registry._REGISTRY, name, registry.Invariant(name, lambda: iter(["CV-1 has -1"])))
    with pytest.raises(SystemExit, match="1"):
        call_command("audit", "--json")
    report = json.loads(capsys.readouterr().out)
    assert report == {"ok": False, "broken": [{"invariant": "stock is never negative", "detail": "CV-1 has -1"}]}
    with pytest.raises(SystemExit):
        call_command("audit")
    text = capsys.readouterr().out
    assert "BROKEN  stock is never negative" in text
    assert "CV-1 has -1" in text


def test_two_invariants_with_one_name_are_refused():
    with pytest.raises(ValueError, match="Two invariants"):
        invariants.invariant("no pending message is overdue")(lambda: iter([]))


def test_dlq_lists_and_filters(capsys):
    first = dead("CV-1")
    dead("CV-2", queue="payments")
    listed = json.loads(run(capsys, "dlq", "list", "--json"))
    assert listed["count"] == 2
    listed = json.loads(run(capsys, "dlq", "list", "--json", "--subject", "CV-1"))
    assert [row["id"] for row in listed["results"]] == [str(first.pk)]
    assert "2 dead" in run(capsys, "dlq", "list")
    assert "0 dead" in run(capsys, "dlq", "list", "--error", "nothing like it")
    assert "2 dead" in run(capsys, "dlq", "list", "--error", "brok")


def test_dlq_shows_a_message_with_its_attempts(capsys):
    message = dead()
    shown = json.loads(run(capsys, "dlq", "show", str(message.pk), "--json"))
    assert shown["payload"] == {"text": "a"}
    assert [a["error"] for a in shown["attempt_log"]] == ["Bug"]
    assert "attempt 1" in run(capsys, "dlq", "show", str(message.pk))


def test_dlq_retries_by_id_and_reports_what_it_skipped(capsys):
    message = dead()
    assert json.loads(run(capsys, "dlq", "retry", str(message.pk), "--json"))["done"] == [str(message.pk)]
    with pytest.raises(SystemExit, match="1"):
        call_command("dlq", "retry", str(message.pk))
    assert "no longer dead" in capsys.readouterr().out


def test_dlq_dry_run_changes_nothing(capsys):
    dead()
    assert "would retry 1, would skip 0" in run(capsys, "dlq", "retry", "--all", "--dry-run")
    assert Message.objects.get().state == State.DEAD


def test_dlq_acts_on_all_matches(capsys):
    dead("CV-1")
    dead("CV-2")
    run(capsys, "dlq", "discard", "--subject", "CV-2", "--reason", "test")
    assert dict(Message.objects.values_list("subject", "state")) == {"CV-1": State.DEAD, "CV-2": State.DISCARDED}


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["retry"], "Select messages by id"),
        (["discard", "--all", "--reason", " "], "A reason is required"),
        (["discard", "--all"], "reason"),
        (["show", "7"], "is not a message id"),
        (["show", "01a20db0-93b6-76a4-a7eb-044c283422e2"], "There is no message"),
    ],
)
def test_dlq_names_the_missing_argument(arguments, error):
    with pytest.raises(CommandError, match=error):
        call_command("dlq", *arguments)


def test_queue_list_shows_depth_consumers_and_dead(capsys, broker):
    from celery import current_app

    from messaging.relay import publish

    publisher = publish.connect(current_app)
    dead()
    with outbox.transaction():
        outbox.enqueue(Sample(text="a"))
    from messaging.relay import claim

    publisher.publish(claim.claim(limit=9))
    publisher.connection.close()
    rows = {row["name"]: row for row in json.loads(run(capsys, "queue", "list", "--json"))}
    assert (rows["maintenance"]["depth"], rows["maintenance"]["dead"]) == (1, 1)
    assert rows["maintenance"]["consumers"] == 0
    assert rows["maintenance"]["oldest_seconds"] >= 0
    assert rows["payments"]["oldest_seconds"] is None
    assert "maintenance" in run(capsys, "queue", "list")


def test_queue_list_works_while_the_broker_is_down(capsys, monkeypatch):
    from celery import current_app
    from kombu import Connection

    from messaging.broker import inspect

    def nowhere(*args, **kwargs):
        return Connection("amqp://127.0.0.1:9//", connect_timeout=1)

    monkeypatch.setattr(type(current_app._get_current_object()), "connection_for_read", nowhere)
    rows = json.loads(run(capsys, "queue", "list", "--json"))
    assert {row["depth"] for row in rows} == {None}
    assert "–" in run(capsys, "queue", "list")
    assert inspect.ask(lambda connection: True) is None


def test_the_relay_command_stops_on_a_signal(broker, caplog):
    import os
    import signal
    import threading

    kept = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    caplog.set_level("INFO")
    threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGTERM)).start()
    try:
        call_command("relay", "--batch", "10")
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
    assert "relay stopped" in caplog.messages
