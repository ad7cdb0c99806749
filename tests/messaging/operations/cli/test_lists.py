"""Lists of `manage.py dlq`: any number of rows in the memory of a few, and times in one format."""

import json
import re
import tracemalloc
import uuid
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.utils import timezone

from messaging.models import Message, State
from messaging.operations.cli.registry import CHUNK
from messaging.operations.models import BulkOperation, FailureGroup
from tests.messaging.test_commands import dead, run

pytestmark = pytest.mark.django_db(transaction=True)
ROWS = 6 * CHUNK
LISTS = [("list", "--limit", "1000000"), ("operations", "--limit", "1000000"), ("groups",)]


class Nowhere(StringIO):
    """Keeps nothing of what is written."""

    def write(self, text: str) -> int:
        return len(text)


@pytest.fixture
def many():
    now = timezone.now()
    ids = [f"v1-{number}" for number in range(ROWS)]
    messages = [
        Message(
            task="payments.charge_payment",
            queue="payments",
            routing_key="payment.charge",
            state=State.DEAD,
            finished_at=now - timedelta(seconds=number),
            correlation_id=uuid.uuid4(),
            error_type="Bug",
            error_message="m" * 1000,
            fingerprint=id_,
        )
        for number, id_ in enumerate(ids)
    ]
    groups = [
        FailureGroup(fingerprint=id_, error_type="Bug", note="n" * 1000, first_seen=now, last_seen=now) for id_ in ids
    ]
    operations = [BulkOperation(actor="ada", chosen={"queue": "q" * 1000}) for _ in ids]
    for model, rows in ((Message, messages), (FailureGroup, groups), (BulkOperation, operations)):
        model.objects.bulk_create(rows, batch_size=CHUNK)


@pytest.mark.parametrize("options", [(), ("--json",)], ids=["text", "JSON"])
@pytest.mark.parametrize("arguments", [*LISTS, ("export",)], ids=lambda arguments: arguments[0])
def test_a_list_of_any_length_takes_the_memory_of_a_few_rows(many, arguments, options):
    few = _peak("dlq", "list", "--limit", str(CHUNK), "--json")
    assert _peak("dlq", *arguments, *options) < 2 * few


@pytest.mark.parametrize("arguments", LISTS, ids=lambda arguments: arguments[0])
def test_a_long_list_is_complete_and_its_json_is_one_document(many, arguments, capsys):
    listed = json.loads(run(capsys, "dlq", *arguments, "--json"))
    assert len(listed if arguments[0] == "operations" else listed["results"]) == ROWS
    assert len(run(capsys, "dlq", *arguments).splitlines()) == ROWS + (arguments[0] != "operations")


@pytest.mark.parametrize("arguments", LISTS, ids=lambda arguments: arguments[0])
def test_an_empty_list_is_json_too(arguments, capsys):
    empty = [] if arguments[0] == "operations" else {"count": 0, "results": []}
    assert json.loads(run(capsys, "dlq", *arguments, "--json")) == empty


def test_a_list_that_is_not_read_to_its_end_lets_go_of_its_rows(many):
    class Head(StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    with pytest.raises(BrokenPipeError) as ended:
        call_command("dlq", "list", "--limit", "1000000", stdout=Head())
    assert {Path(frame.path).name for frame in ended.traceback}.isdisjoint({"show.py", "query.py"})


def test_all_times_have_one_format(capsys):
    message = dead()
    BulkOperation.objects.create(actor="ada", created_at=datetime(2026, 11, 26, 14, 5, 9, tzinfo=UTC))
    Message.objects.filter(pk=message.pk).update(finished_at=datetime(2026, 11, 26, 14, 5, 9, tzinfo=UTC))
    call_command("dlq", "dry-run", str(message.pk), "--reason", "why")
    capsys.readouterr()
    lists = [run(capsys, "dlq", "list"), run(capsys, "dlq", "operations")]
    assert all("  2026-11-26 14:05:09 UTC  " in text for text in lists)
    shown = run(capsys, "dlq", "show", str(message.pk))
    assert re.search(r"ended_at +2026-11-26 14:05:09 UTC\n", shown)
    assert re.search(r"\n\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC  cli:\S+ dry run: why", shown)


def _peak(*arguments: str) -> int:
    """Bytes that the command holds at most."""
    tracemalloc.start()
    try:
        call_command(*arguments, stdout=Nowhere())
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("command", [("list",), ("list", "--json"), ("export",), ("export", "--json")])
def test_lists_do_not_read_the_bytes_of_what_could_not_be_read(command):
    """A webhook's body may have 256 kB, a broker's message many megabytes: of 500 at a time, no machine has as much."""
    for number in range(40):
        dead(f"CV-{number}")
    Message.objects.update(raw_body=b"x" * 256_000)
    tracemalloc.start()
    try:
        call_command("dlq", *command, stdout=Nowhere())
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("limit", [str(-(10**30)), "-1", "0", str(10**30)])
@pytest.mark.parametrize("command", ["list", "operations"])
def test_any_limit_is_taken(command, limit, capsys):
    dead()
    BulkOperation.objects.create(actor="ada", chosen={})
    shown = run(capsys, "dlq", command, f"--limit={limit}", "--json")
    assert ('"id"' in shown) == (limit == str(10**30))
