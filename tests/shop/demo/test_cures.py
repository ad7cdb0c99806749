"""Scripted failures can be cured: then a retry succeeds."""

import pytest
from django.core.management import CommandError, call_command

from messaging import simulated_outages
from messaging.models import Message, State
from messaging.operations import actions
from messaging.operations.models import AuditEntry
from messaging.operations.permissions import Actor
from orders.models import Order
from payments.gateways import simulated
from shop.demo import supervisor
from shop.demo.card_hints import CARD_HINTS
from shop.demo.game_days import services
from tests.delivery import deliver_all
from tests.factories import place

pytestmark = pytest.mark.django_db(transaction=True)
ANN = Actor.system("ann")


@pytest.fixture(autouse=True)
def _not_cured():
    yield
    for name in services.CURES.values():
        simulated_outages.end(name=name)


def retried(order: Order) -> str:
    """The order's status after a retry of its dead letter."""
    dead = Message.objects.get(subject=order.number, state=State.DEAD)
    assert actions.retry(ids=[dead.pk], actor=ANN).done
    deliver_all()
    order.refresh_from_db()
    return order.status


@pytest.mark.parametrize(
    ("command", "opposite", "options", "stuck"),
    [
        ("fix-bug", "restore-bug", {"payment_method": "pm_bug"}, "placed"),
        ("end-outage", "restore-outage", {"payment_method": "pm_outage"}, "placed"),
        ("end-outage", "restore-outage", {"city": "Nowhere"}, "paid"),
    ],
)
def test_a_retry_succeeds_once_the_failure_is_cured_and_not_before(command, opposite, options, stuck):
    first, second = place(**options), place(**options)
    deliver_all()
    assert retried(first) == stuck
    call_command("demo", command)
    assert retried(first) == "delivered"
    call_command("demo", opposite)
    assert retried(second) == stuck
    audited = AuditEntry.objects.filter(action__in=["cure failure", "restore failure"]).order_by("id")
    assert [entry.action for entry in audited] == ["cure failure", "restore failure"]
    assert audited[0].actor.startswith("cli:")


def test_the_fix_of_the_bug_also_saves_the_workers_from_the_crash(monkeypatch):
    killed = []
    monkeypatch.setattr(simulated.os, "kill", lambda pid, number: killed.append(number))
    place(payment_method="pm_crash")
    call_command("demo", "fix-bug")
    deliver_all()
    assert Order.objects.get().status == "delivered"
    assert killed == []


def test_the_hints_name_commands_that_exist():
    named = {text.partition("manage.py demo ")[2].split()[0].rstrip(",.") for text in map(str, CARD_HINTS.values())
             if "manage.py demo" in text}  # fmt: skip
    assert named == {"fix-bug", "end-outage"}


def test_outside_demo_mode_nothing_is_cured(settings):
    settings.CONVEYOR_DEMO = False
    with pytest.raises(CommandError, match="demo mode only"):
        call_command("demo", "fix-bug")
    assert services.cured() == {"bug": False, "outage": False}
    assert not AuditEntry.objects.exists()


def test_outside_demo_mode_there_is_no_state_of_a_demo_although_a_supervisor_answers(settings, monkeypatch, capsys):
    settings.CONVEYOR_DEMO = False
    monkeypatch.setattr(supervisor, "processes", lambda: {"web": "RUNNING"})
    with pytest.raises(CommandError, match="demo mode only"):
        call_command("demo", "status")
    assert not capsys.readouterr().out


def test_processes_without_a_supervisor_are_refused_in_one_sentence():
    with pytest.raises(CommandError, match=r"No supervisor answers .*make run"):
        call_command("demo", "kill", "worker-payments")


def test_the_state_of_a_process_is_not_joined_to_its_name_however_long_that_is(monkeypatch, capsys):
    long = f"worker-{'n' * 40}"
    monkeypatch.setattr(supervisor, "processes", lambda: {long: "RUNNING", "web": "RUNNING"})
    call_command("demo", "status")
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["bug", "fails"],
        ["outage", "fails"],
        ["web", "RUNNING"],
        [long, "RUNNING"],
    ]
