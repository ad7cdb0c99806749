"""`manage.py capacity`: text, JSON, refused numbers; and that its service times are complete."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from config.processes import web
from messaging.topology import topology
from shop.capacity.plan import QUEUES, THREADS
from shop.capacity.service_times import ServiceTimes


def capacity(*options: str) -> str:
    output = StringIO()
    call_command("capacity", *options, stdout=output)
    return output.getvalue()


def test_the_text_names_every_process_and_where_the_times_come_from():
    text = capacity("--orders-per-second", "10")
    for name in ("web processes", "relays", "payments slots", "PostgreSQL", "RabbitMQ", "rows a day"):
        assert name in text
    assert "python bench/capacity.py --write" in text


def test_json_has_stations_services_and_the_ledger():
    found = json.loads(capacity("--orders-per-second", "2.5", "--json"))
    assert found["orders_per_second"] == 2.5
    assert [each["name"] for each in found["services"]] == ["PostgreSQL", "RabbitMQ"]
    assert found["ledger"]["days"] > 0
    assert all(each["mean_wait"] >= 0 for each in found["stations"])


def test_a_web_process_has_as_many_threads_as_the_plan_assumes():
    command = web().command
    assert command[command.index("--blocking-threads") + 1] == str(THREADS)


@pytest.mark.parametrize("rate", ["0", "-1", "100001", "nan", "inf"])
def test_other_numbers_are_refused_with_a_sentence(rate):
    with pytest.raises(CommandError, match="greater than 0 and at most 100,000"):
        capacity(f"--orders-per-second={rate}")


@pytest.mark.parametrize("rate", ["0.001", "100000"])
def test_the_extremes_have_a_plan(rate):
    assert json.loads(capacity("--orders-per-second", rate, "--json"))["shipped_seconds"] > 0


def test_stored_service_times_cover_every_queue_of_an_order():
    times = ServiceTimes.stored()
    assert {task.queue for task in times.tasks.values()} == set(QUEUES) <= set(topology().queues)
    assert set(times.cpu) == {"web", "relay", "PostgreSQL", "RabbitMQ", *QUEUES}
    assert all(seconds > 0 for seconds in times.cpu.values())


def test_queues_without_service_times_are_named_rather_than_planned(settings):
    topology.cache_clear()
    settings.MESSAGING = settings.MESSAGING | {"queues": settings.MESSAGING["queues"] | {"loyalty": "loyalty.#"}}
    try:
        found = json.loads(capacity("--orders-per-second", "2", "--json"))
        text = capacity("--orders-per-second", "2")
    finally:
        topology.cache_clear()
    assert found["not_measured"] == ["maintenance", "loyalty"]
    assert "Not measured, and left out: the queues maintenance, loyalty." in text
