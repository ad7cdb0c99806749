"""Numbers of the desk: every page, the API and the metrics give the same one for the same thing."""

from datetime import timedelta

import pytest
from django.db import connection, connections
from django.test import Client
from django.utils import timezone

from messaging import outbox, transitions
from messaging.models import Attempt, Message, State
from messaging.models.snapshot import snapshot
from messaging.models.uuid7 import uuid7
from messaging.operations import actions
from messaging.operations.api import failed_tasks
from messaging.operations.dashboard import queues_page, throughput
from messaging.operations.failures.groups import trends
from messaging.operations.models import FailureGroup
from messaging.operations.permissions import Actor
from messaging.telemetry.gauges import registry
from messaging.topology import topology
from messaging.transitions.failure import synthetic_failure
from tests.api.client import get, operator
from tests.factories import client_with
from tests.messaging.operations.desk import LIST, dead, failed_task
from tests.messaging.samples import Sample

pytestmark = pytest.mark.django_db(transaction=True)
ANN = Actor.system("ann")
QUEUES = ["payments", "shipping", "notifications", "maintenance"]


@pytest.fixture
def desk(no_broker) -> Client:
    return client_with("view_message", "view_failedtask", "view_failuregroup")


@pytest.fixture(autouse=True)
def ledger(no_broker) -> None:
    """Messages in every state, in several queues and groups; strays of one kind in two queues."""
    for error in (ValueError("a"), ValueError("b"), KeyError("c")):
        dead(error=error)
    revived, discarded = dead(error=LookupError("d")), failed_task()
    actions.retry(ids=[revived.pk], actor=ANN)
    actions.discard(ids=[discarded.pk], actor=ANN, reason="not needed")
    for queue, count in (("payments", 2), ("shipping", 1)):
        for _ in range(count):
            stray(queue)
    done = dead(error=OSError("e"))
    Message.objects.filter(pk=done.pk).update(state=State.DONE, finished_at=timezone.now())
    FailureGroup.objects.filter(pk=done.fingerprint).update(dead_count=0)
    with outbox.transaction():
        for delay in (0, 0, 600):
            outbox.enqueue(Sample(text="waits"), delay=delay)
    due = timezone.now() - timedelta(seconds=1)
    Message.objects.filter(state=State.PENDING, available_at__lte=timezone.now()).update(available_at=due)


def stray(queue: str) -> None:
    id_ = uuid7()
    failure = synthetic_failure("UndecodableMessage", "Its raw bytes are kept.", task="", queue=queue)
    transitions.file_stray(message_id=id_, failure=failure, queue=queue, raw_body=b"\xff")


def listed(desk: Client, **chosen: str) -> int:
    return desk.get(LIST, chosen).context["cl"].result_count


def facet(desk: Client, parameter: str, **chosen: str) -> dict[str, int]:
    specs = {getattr(s, "parameter_name", ""): s for s in desk.get(LIST, chosen).context["cl"].filter_specs}
    choices = specs[parameter].lookup_choices if parameter in specs else []
    return {value: int(label.rpartition("(")[2].rstrip(")")) for value, label in choices}


def sample(name: str, **labels: str) -> float:
    value = registry.get_sample_value(name, labels)
    assert value is not None
    return value


@pytest.mark.parametrize("queue", QUEUES)
def test_the_dead_messages_of_a_queue_are_as_many_everywhere(desk, queue):
    token = operator()
    (card,) = (card for card in queues_page.overview(now=timezone.now()).cards if card.row.name == queue)
    (row,) = (row for row in get("/queues/", token=token).json()["results"] if row["name"] == queue)
    groups = get(f"/failure-groups/?queue={queue}", token=token).json()["results"]
    numbers = {
        "queues page": card.row.dead,
        "API queues": row["dead"],
        "list": listed(desk, queue=queue),
        "facet": facet(desk, "queue").get(queue, 0),
        "facet within the queue": sum(facet(desk, "error_type", queue=queue).values()),
        "facet of the last day": facet(desk, "queue", age="day").get(queue, 0),
        "API failed tasks": get(f"/failed-tasks/?queue={queue}", token=token).json()["count"],
        "API groups": sum(group["dead"] for group in groups),
        "metrics": sample("conveyor_messages", queue=queue, state="dead"),
    }
    expected = {"payments": 2, "shipping": 1, "notifications": 0, "maintenance": 3}[queue]
    assert set(numbers.values()) == {expected}, numbers


def test_a_group_has_as_many_dead_messages_as_its_list_shows(desk):
    groups = FailureGroup.objects.all()
    assert len(groups) > 4
    for group in groups:
        page = desk.get(f"/admin/operations/failuregroup/{group.pk}/change/").content.decode()
        assert f"{group.dead_count} dead now, {group.failures} failures in total" in page
        assert listed(desk, group=group.pk) == group.dead_count
        assert group.failures >= group.dead_count
        trend = trends([group.pk])[group.pk]
        assert sum(trend.day) <= sum(trend.week) <= group.failures


def test_lists_of_longer_ages_include_those_of_shorter_ones(desk):
    old = dead(error=ValueError("old"))
    Message.objects.filter(pk=old.pk).update(finished_at=timezone.now() - timedelta(hours=5))
    hour, day, week, month = (listed(desk, age=age) for age in ("hour", "day", "week", "month"))
    assert hour < day <= week <= month == listed(desk) == week + listed(desk, age="older")
    assert listed(desk, **{"is": "dead"}) + listed(desk, **{"is": "discarded"}) < listed(desk, **{"is": "all"})


def test_what_waits_is_as_much_in_the_diagram_the_table_and_the_metrics():
    shown = queues_page.overview(now=timezone.now())
    for name, total in (("waiting", shown.diagram.waiting), ("scheduled", shown.diagram.scheduled)):
        assert total == sum(getattr(row, name) for row in shown.rows) > 0
    pending = sum(sample("conveyor_messages", queue=queue, state="pending") for queue in topology().queues)
    assert pending == shown.diagram.waiting + shown.diagram.scheduled
    api = get("/queues/", token=operator()).json()["results"]
    assert sum(row["waiting"] for row in api) == shown.diagram.waiting


def test_the_day_of_each_card_includes_its_hour():
    counting = throughput.Counting(now=timezone.now() - timedelta(minutes=3))
    while counting.step():
        pass
    cards = queues_page.overview(now=timezone.now() + timedelta(seconds=1)).cards
    for card in cards:
        assert card.hour.done <= card.day.done
        assert card.hour.failed <= card.day.failed
    assert sum(card.day.done for card in cards) == Message.objects.filter(state=State.DONE).count()
    attempts = Attempt.objects.filter(message__queue__in=QUEUES).count()
    assert sum(card.day.failed for card in cards) == attempts


def test_a_snapshot_does_not_see_what_others_commit():
    with snapshot():
        before = Message.objects.dead().count()
        _in_another_connection(Message.objects.dead().delete)
        assert Message.objects.dead().count() == before
    assert Message.objects.dead().count() == 0


def test_a_list_of_the_api_and_its_advice_are_of_one_moment(monkeypatch):
    counts, advise = [Message.objects.dead().count()], failed_tasks.advise

    def advise_late(rows):
        _in_another_connection(Message.objects.dead().delete)
        counts.append(Message.objects.dead().count())
        return advise(rows)

    monkeypatch.setattr(failed_tasks, "advise", advise_late)
    listed = get("/failed-tasks/", token=operator()).json()
    assert [listed["count"], len(listed["results"])] == counts
    assert Message.objects.dead().count() == 0


def _in_another_connection(write) -> None:
    from threading import Thread

    def run() -> None:
        try:
            write()
        finally:
            connections.close_all()

    thread = Thread(target=run)
    thread.start()
    thread.join()
    assert connection.in_atomic_block
