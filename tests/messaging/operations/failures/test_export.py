"""Exports of failures that do not end as planned."""

import json
from contextlib import closing

import pytest
from django.db import OperationalError
from django.test import Client

from messaging.operations.failures import downloads, export
from messaging.operations.models import AuditEntry
from tests.factories import client_with
from tests.messaging.operations.desk import dead

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("kind", [export.as_csv, export.as_json])
def test_an_export_that_an_error_ends_does_not_look_whole(kind):
    """Granian ends the response as if nothing had happened."""

    def until_an_error():
        yield dead("CV-1")
        raise OperationalError("the database went away")

    lines = []
    with pytest.raises(OperationalError):
        lines.extend(kind(until_an_error()))
    assert any("CV-1" in line for line in lines)
    if kind is export.as_csv:
        assert lines[-1] == "Incomplete: an error ended the export after this row. Export it again.\r\n"
    else:
        with pytest.raises(json.JSONDecodeError):
            json.loads("".join(lines))


def test_an_export_that_its_reader_leaves_ends_quietly():
    lines = export.as_csv(iter([dead("CV-1"), dead("CV-2")]))
    next(lines)
    next(lines)
    lines.close()
    assert list(lines) == []


@pytest.fixture
def operator() -> Client:
    return client_with("view_failedtask")


URL = "/admin/operations/failedtask/export/"


def test_readers_who_stop_in_the_middle_leave_threads_for_the_shop(operator):
    """Each occupies one of a process's four threads. The next one is refused until one has gone."""
    dead("CV-1")
    running = [operator.get(URL) for _reader in range(downloads.MOST)]
    with closing(running[0]), closing(running[1]):
        next(iter(running[0]))
        answer = operator.get(URL, follow=True)
        assert "Other exports are being downloaded. Nothing was exported." in answer.content.decode()
        assert AuditEntry.objects.filter(action="export").count() == downloads.MOST
    for _turn in range(downloads.MOST + 1):
        assert b"CV-1" in b"".join(operator.get(URL))


def test_an_export_that_fails_before_its_first_line_leaves_its_place(operator, monkeypatch):
    def broken(**_options):
        raise OperationalError("the database went away")

    with monkeypatch.context() as patch:
        patch.setattr("messaging.operations.admin.failed_tasks.actions.record_export", broken)
        for _turn in range(downloads.MOST + 1):
            with pytest.raises(OperationalError):
                operator.get(URL)
    assert operator.get(URL).streaming
