"""Exports of failures that do not end as planned."""

import json
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from messaging.operations.failures import downloads, export
from messaging.operations.models import AuditEntry
from shop.models import User
from tests.factories import client_with
from tests.messaging.operations.bulk_retry.dead import previewed
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


def lose_permission(user: User) -> None:
    user.user_permissions.clear()


def leave_staff(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_staff=False)


def deactivate(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


def change_password(user: User) -> None:
    user.set_password("another-long-secret")
    user.save()


def sign_out(user: User) -> None:
    Session.objects.all().delete()


def read_until_ended(response: Any, end: Callable[[User], None]) -> list[bytes]:
    """The lines of an export during which `end` ends its reader's rights. The last one says that they have ended."""
    with closing(response):
        lines = iter(response)
        read = [next(lines) for _line in range(4)]
        end(User.objects.get())
        read += list(lines)
    assert len(read) == 5
    assert read[-1].strip().startswith(b"Incomplete: your session or your permission has ended.")
    return read


ENDINGS = [lose_permission, leave_staff, deactivate, change_password, sign_out]


@pytest.mark.parametrize("file_format", ["csv", "json"])
@pytest.mark.parametrize("end", ENDINGS)
def test_an_export_ends_with_the_rights_of_its_reader(operator, monkeypatch, end, file_format):
    monkeypatch.setattr(downloads, "LINES_A_LOOK", 5)
    for number in range(10):
        dead(f"CV-{number}")
    read = read_until_ended(operator.get(URL, {"format": file_format}), end)
    if file_format == "json":
        with pytest.raises(json.JSONDecodeError):
            json.loads(b"".join(read))


@pytest.mark.parametrize("end", ENDINGS)
def test_a_bulk_retry_s_export_ends_with_the_rights_of_its_reader(monkeypatch, end):
    monkeypatch.setattr(downloads, "LINES_A_LOOK", 5)
    for number in range(10):
        dead(f"CV-{number}")
    operation = previewed()
    client = client_with("view_bulkoperation")
    read_until_ended(client.get(f"/admin/operations/bulkoperation/{operation.pk}/items.csv"), end)


def test_an_export_asks_for_its_reader_s_rights_in_few_statements(operator, settings):
    """The session keeps its key, also where an earlier secret key has signed it."""
    for number in range(2 * downloads.LINES_A_LOOK):
        dead(f"CV-{number}")
    key = operator.session.session_key
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another" * 10, [settings.SECRET_KEY]
    response = operator.get(URL)
    with CaptureQueriesContext(connection) as queries:
        read = list(response)
    assert len(read) == 2 * downloads.LINES_A_LOOK + 1
    assert len(queries) <= 1 + 2 * 4
    assert operator.session.session_key == key
    assert Session.objects.filter(pk=key).exists()
