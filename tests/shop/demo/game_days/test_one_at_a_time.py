"""A fault begins and ends as a whole: its row and its effect always agree."""

import threading

import pytest
from django.db import connection
from django.utils import timezone

from messaging import simulated_outages
from messaging.operations.permissions import Actor
from payments.gateways.simulated import NAME
from shop.demo.game_days import services
from shop.models import Fault

pytestmark = pytest.mark.django_db(transaction=True)
ANN = Actor.system("ann")


@pytest.fixture(autouse=True)
def _no_faults():
    yield
    simulated_outages.end(name=NAME)


def begin(kind: str, **options) -> Fault:
    return services.begin_fault(kind=kind, actor=ANN, **options)


@pytest.mark.parametrize("ends_while_it", ["begins", "has ended"])
def test_a_fault_begins_and_ends_as_a_whole(monkeypatch, ends_while_it):
    """Whoever ends it while it begins, or begins it while it ends, waits: row and effect always agree."""
    held = {"begins": "begin", "has ended": "end"}[ends_while_it]
    first = begin("gateway-outage") if held == "end" else None
    entered, go, real = threading.Event(), threading.Event(), getattr(simulated_outages, held)

    def slow(**arguments):
        entered.set()
        go.wait(60)
        real(**arguments)

    monkeypatch.setattr(simulated_outages, held, slow)
    one = threading.Thread(target=_alone, args=(begin, "gateway-outage") if first is None else (end, first))
    one.start()
    assert entered.wait(60)
    other = threading.Thread(target=_alone, args=(end, Fault.objects.get()) if first is None else (_begin_again,))
    other.start()
    other.join(0.5)
    go.set()
    one.join(60)
    other.join(60)
    is_open = Fault.objects.filter(ends_at__gt=timezone.now()).exists()
    assert simulated_outages.is_active(name=NAME) == is_open == (held == "end")


def test_a_folder_that_cannot_be_written_refuses_a_fault(settings, tmp_path):
    (tmp_path / "file").touch()
    settings.CONVEYOR_OUTAGES_DIR = tmp_path / "file" / "outages"
    with pytest.raises(services.FaultRefused, match="Not a directory"):
        begin("gateway-outage")
    assert not Fault.objects.exists()


def end(fault: Fault) -> None:
    services.end_fault(fault=fault, actor=ANN)


def _begin_again() -> None:
    try:
        begin("gateway-outage")
    except services.FaultRefused:  # the row is still that of the first
        begin("gateway-outage")


def _alone(call, *arguments) -> None:
    try:
        call(*arguments)
    finally:
        connection.close()
