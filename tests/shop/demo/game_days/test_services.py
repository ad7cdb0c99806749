"""Faults: who may inject them, what they do, how they end, and what the audit log says."""

import re
import signal
import socket
import threading
import time
from functools import partial

import pytest
from django.conf import settings as django_settings
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from messaging import pauses, simulated_outages
from messaging.operations import actions
from messaging.operations.models import AuditEntry
from messaging.operations.permissions import Actor
from payments.gateways.base import GatewayUnavailable
from payments.gateways.simulated import FAILURE_RATE, LATENCY, NAME, SimulatedGateway
from shop.demo import supervisor
from shop.demo.game_days import kinds, services
from shop.demo.game_days.kinds import BROKER, KINDS
from shop.models import Fault
from tests.patience import PATIENCE, wait_for
from tests.races import at_once

pytestmark = pytest.mark.django_db(transaction=True)
ANN = Actor.system("ann")
NOBODY = Actor(name="eve", may=lambda permission: False)


@pytest.fixture(autouse=True)
def _no_faults():
    yield
    for name in (NAME, LATENCY, FAILURE_RATE, BROKER, "carrier.swiftpost", *services.CURES.values()):
        simulated_outages.end(name=name)


def begin(kind: str, **options) -> Fault:
    return services.begin_fault(kind=kind, actor=ANN, **options)


def test_each_service_checks_the_permission_and_the_mode_itself(settings):
    fault = begin("gateway-outage")
    calls = (
        partial(services.begin_fault, kind="slow-gateway"),
        partial(services.end_fault, fault=fault),
        partial(services.cure, failure="bug"),
        partial(services.restore, failure="bug"),
        partial(services.control_process, verb="kill", name="relay"),
    )
    for call in calls:
        with pytest.raises(PermissionDenied, match=re.escape(services.PERMISSION)):
            call(actor=NOBODY)
    settings.CONVEYOR_DEMO = False
    for call in calls:
        with pytest.raises(services.NotADemo):
            call(actor=ANN)
    assert Fault.objects.count() == 1
    assert [entry.action for entry in AuditEntry.objects.all()] == ["begin fault"]


def test_a_fault_is_audited_ends_by_itself_and_can_be_ended_before():
    fault = begin("gateway-outage", seconds=60)
    assert simulated_outages.is_active(name=NAME)
    assert (fault.ends_at - fault.began_at).total_seconds() == 60
    services.end_fault(fault=fault, actor=ANN)
    assert not simulated_outages.is_active(name=NAME)
    with pytest.raises(services.FaultRefused, match="over"):
        services.end_fault(fault=fault, actor=ANN)
    entries = list(AuditEntry.objects.order_by("id").values_list("action", "actor"))
    assert entries == [("begin fault", "ann"), ("end fault", "ann")]


def test_of_concurrent_faults_of_one_kind_one_begins_and_after_it_the_next_may():
    assert at_once(*[partial(begin, "gateway-outage")] * 4, refusals=(services.FaultRefused,)).count(None) <= 1
    assert Fault.objects.count() == 1
    begin("slow-gateway")
    Fault.objects.update(ends_at=timezone.now())
    for name in (NAME, LATENCY):
        simulated_outages.end(name=name)
    begin("gateway-outage")
    assert Fault.objects.count() == 3


def test_a_killed_worker_is_a_fault_until_the_supervisor_has_started_it_again(monkeypatch):
    pids = iter([11, 11, 0, 12])
    monkeypatch.setattr(supervisor, "_processes", lambda: {"worker-payments": {"pid": next(pids), "statename": "x"}})
    monkeypatch.setattr(kinds.supervisor, "processes", lambda: {"worker-payments": ""})
    killed = []
    monkeypatch.setattr(supervisor.os, "killpg", lambda *arguments: killed.append(arguments))
    fault = begin("worker-killed", target="worker-payments")
    fault.refresh_from_db()
    assert killed == [(11, signal.SIGKILL)]
    assert next(pids, None) is None
    assert fault.ends_at > fault.began_at


def test_a_worker_was_killed_also_if_the_supervisor_is_away_for_a_moment(monkeypatch):
    def answer() -> dict:
        found = next(answers)
        if found is None:
            raise supervisor.SupervisorAway
        return {"worker-payments": {"pid": found, "statename": "x"}}

    answers = iter([11, None, 12])
    monkeypatch.setattr(supervisor, "_processes", answer)
    monkeypatch.setattr(kinds.supervisor, "processes", lambda: {"worker-payments": ""})
    monkeypatch.setattr(supervisor.os, "killpg", lambda *arguments: None)
    fault = begin("worker-killed", target="worker-payments")
    assert fault.ends_at > fault.began_at
    assert not AuditEntry.objects.filter(action="end fault").exists()


def test_a_supervisor_that_never_answers_is_away(monkeypatch, settings, tmp_path):
    monkeypatch.chdir(tmp_path)  # a socket's path is short
    settings.VAR_DIR = tmp_path
    control = "[supervisorctl]\nserverurl = unix://control\nusername = conveyor\npassword = x\n"
    (tmp_path / "supervisord.conf").write_text(control)
    monkeypatch.setattr(supervisor, "ANSWER_SECONDS", 0.1)
    found: list[list[str]] = []
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("control")
        server.listen()
        asked = threading.Thread(target=lambda: found.append(kinds.workers()), daemon=True)
        asked.start()
        asked.join(PATIENCE)
        assert found == [[]]


def test_the_gateway_becomes_slow_or_fails_as_often_as_asked():
    begin("slow-gateway", amount=0.3)
    began = time.monotonic()
    assert SimulatedGateway().fetch(idempotency_key="x") is None
    assert time.monotonic() - began >= 0.3
    simulated_outages.end(name=LATENCY)
    begin("failing-gateway", amount=100)
    with pytest.raises(GatewayUnavailable):
        SimulatedGateway().fetch(idempotency_key="x")


def test_a_carrier_is_unreachable_only_if_it_is_the_target():
    with pytest.raises(services.FaultRefused, match=r"carrier\.swiftpost"):
        begin("carrier-outage", target="carrier.moon")
    begin("carrier-outage", target="carrier.swiftpost")
    assert simulated_outages.is_active(name="carrier.swiftpost")
    assert not simulated_outages.is_active(name="carrier.landpost")


def test_a_queue_is_paused_with_an_end_and_resumed_before():
    fault = begin("queue-paused", target="payments", seconds=60)
    assert pauses.current()["payments"].resumed_at is not None
    with pytest.raises(services.FaultRefused):
        begin("queue-paused", target="payments")
    services.end_fault(fault=fault, actor=ANN)
    assert pauses.paused() == frozenset()


def test_a_queue_that_an_operator_has_paused_stays_as_it_is():
    actions.pause(queue="shipping", actor=ANN, reason="the carrier asked")
    with pytest.raises(services.FaultRefused, match="the carrier asked"):
        begin("queue-paused", target="shipping")
    assert not Fault.objects.filter(ends_at__gt=timezone.now()).exists()
    assert pauses.current()["shipping"].resumed_at is None


@pytest.mark.parametrize("error", [PermissionError("not yours"), RuntimeError("a bug")])
def test_a_fault_that_could_not_begin_does_not_stay_active(monkeypatch, error):
    def refuse(**kwargs):
        raise error

    monkeypatch.setattr(simulated_outages, "begin", refuse)
    with pytest.raises((services.FaultRefused, RuntimeError), match=str(error)):
        begin("gateway-outage")
    assert not Fault.objects.filter(ends_at__gt=timezone.now()).exists()


def test_an_operators_own_pause_outlives_the_game_days():
    fault = begin("queue-paused", target="payments", seconds=60)
    actions.resume(queue="payments", actor=ANN)
    actions.pause(queue="payments", actor=ANN, reason="the bank asked")
    with pytest.raises(services.FaultRefused, match="over"):
        services.end_fault(fault=fault, actor=ANN)
    assert pauses.current()["payments"].reason == "the bank asked"


@pytest.fixture
def embedded_broker():
    """`BROKER_URL` is that of the embedded broker."""
    address = django_settings.VAR_DIR / "valkey.url"
    address.write_text(f"{django_settings.BROKER_URL}\n")
    yield
    address.unlink()


def test_the_disk_of_an_embedded_broker_that_is_no_longer_used_is_not_the_broker(no_broker):
    data = django_settings.VAR_DIR / "valkey"
    data.mkdir()
    try:
        with pytest.raises(services.FaultRefused, match="does not answer"):
            begin("broker-wiped")
        assert data.exists()
    finally:
        data.rmdir()


def test_an_embedded_broker_is_wiped_by_deleting_its_disk(embedded_broker):
    data = django_settings.VAR_DIR / "valkey" / "appendonlydir"
    data.mkdir(parents=True)
    fault = begin("broker-wiped")
    assert not data.parent.exists()
    assert fault.began_at == fault.ends_at
    data.mkdir(parents=True)
    begin("broker-wiped")  # the first is over in a moment, so it can be done again
    assert not data.exists()


def test_a_broker_that_does_not_answer_is_not_wiped(no_broker):
    with pytest.raises(services.FaultRefused, match="does not answer"):
        begin("broker-wiped")


@pytest.mark.parametrize(("kind", "target"), [("broker-stopped", ""), ("worker-killed", "worker-payments")])
def test_without_a_supervisor_what_needs_one_is_refused_and_nothing_stays_active(kind, target):
    with pytest.raises(services.FaultRefused, match="make run"):
        begin(kind, target=target)
    assert not Fault.objects.filter(ends_at__gt=timezone.now()).exists()
    with pytest.raises(supervisor.SupervisorAway):
        services.control_process(verb="stop", name="broker", actor=ANN)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("no such thing", {}),
        ("gateway-outage", {"seconds": 0}),
        ("gateway-outage", {"seconds": 601}),
        ("gateway-outage", {"seconds": float("nan")}),
        ("gateway-outage", {"seconds": float("inf")}),
        ("slow-gateway", {"amount": 21}),
        ("slow-gateway", {"amount": float("nan")}),
        ("failing-gateway", {"amount": 0}),
        ("database-paused", {"seconds": 31}),
        ("queue-paused", {"target": "moon"}),
    ],
)
def test_what_is_out_of_bounds_is_refused(kind, options):
    with pytest.raises(services.FaultRefused):
        begin(kind, **options)
    assert not Fault.objects.exists()


def test_old_faults_are_forgotten():
    old = begin("gateway-outage")
    Fault.objects.update(ends_at=timezone.now() - services.KEPT * 2)
    begin("slow-gateway")
    assert not Fault.objects.filter(pk=old.pk).exists()


def test_no_fault_lasts_longer_than_ten_minutes():
    assert all(kind.seconds <= kind.most <= 600 for kind in KINDS.values())


def test_the_broker_of_another_kind_loses_what_its_queues_hold(broker):
    from celery import current_app

    current_app.send_task("messaging.nothing", queue="payments")
    wait_for(lambda: depth() == 1, what="the queue holds a message")
    begin("broker-wiped")
    assert depth() == 0


def depth() -> int | None:
    from messaging.broker import inspect

    return inspect.ask(lambda opened: inspect.depth(opened, "payments"))
