"""What visitors get while the database is away, read-only or busy: 503, and one line in the log."""

import math
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.db import InternalError, OperationalError, ProgrammingError, connection
from django.test import Client

from shop.site import database_outage
from tests.api.client import ROOT, order_body, problem

pytestmark = pytest.mark.django_db


def sqlite_error(name: str, text: str) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError(text)
    error.sqlite_errorname = name
    return error


ERRORS: dict[str, dict[str, tuple[type[Exception], Exception]]] = {
    "postgresql": {
        "gone": (OperationalError, psycopg.OperationalError("server closed the connection unexpectedly\n\tat once")),
        "read-only": (InternalError, psycopg.errors.ReadOnlySqlTransaction("cannot execute UPDATE")),
        "a table that stays locked": (OperationalError, psycopg.errors.LockNotAvailable("canceling statement")),
        "a statement that takes too long": (OperationalError, psycopg.errors.QueryCanceled("canceling statement")),
        "a full disk": (OperationalError, psycopg.errors.DiskFull("could not extend file")),
        "a deadlock": (OperationalError, psycopg.errors.DeadlockDetected("deadlock detected")),
    },
    "sqlite": {
        "locked": (OperationalError, sqlite_error("SQLITE_BUSY", "database is locked")),
        "a full disk": (OperationalError, sqlite_error("SQLITE_FULL", "database or disk is full")),
        "a disk that fails": (OperationalError, sqlite_error("SQLITE_IOERR_READ", "disk I/O error")),
        "read-only": (OperationalError, sqlite_error("SQLITE_READONLY", "attempt to write a readonly database")),
    },
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "outage" in metafunc.fixturenames:
        metafunc.parametrize("outage", ERRORS[connection.vendor])


@pytest.fixture(autouse=True)
def _nothing_logged(monkeypatch):
    monkeypatch.setattr(database_outage.reports, "last_at", -math.inf)


@contextmanager
def meeting(outage: str) -> Iterator[None]:
    """Within it, each statement fails by this error."""
    kind, cause = ERRORS[connection.vendor][outage]
    with failing(lambda: kind(str(cause)), cause):
        yield


@contextmanager
def failing(error: Callable[[], Exception], cause: BaseException | None = None) -> Iterator[None]:
    def fail(*arguments: Any) -> None:
        raise error() from cause

    with connection.execute_wrapper(fail):
        yield


def client() -> Client:
    return Client(raise_request_exception=False)


def test_a_page_says_that_the_shop_is_not_available_and_when_to_come_back(outage):
    with meeting(outage):
        page = client().get("/")
    assert (page.status_code, page["Retry-After"]) == (503, "10")
    assert "not available at the moment" in page.content.decode()


@pytest.mark.parametrize("path", ["products/", "orders/"])
def test_the_api_answers_with_a_problem_that_asks_to_try_again(outage, path):
    ask = client()
    with meeting(outage):
        if path == "orders/":
            answer = ask.post(f"{ROOT}/{path}", order_body("LAMP"), content_type="application/json")
        else:
            answer = ask.get(f"{ROOT}/{path}")
    assert problem(answer, 503)["type"] == "urn:conveyor:problem:unavailable"
    assert answer["Retry-After"] == "10"


def test_an_outage_is_one_line_of_the_log_a_minute_and_no_traceback(caplog, monkeypatch):
    outage = next(iter(ERRORS[connection.vendor]))
    with meeting(outage):
        for path in ("/", f"{ROOT}/products/", "/products/", "/"):
            assert client().get(path).status_code == 503
        errors = [record for record in caplog.records if record.levelname == "ERROR"]
        assert [(record.exc_info, "\n" in record.getMessage()) for record in errors] == [(None, False)]
        a_minute_ago = database_outage.reports.last_at - database_outage.LOG_EVERY
        monkeypatch.setattr(database_outage.reports, "last_at", a_minute_ago)
        client().get("/")
    assert caplog.text.count("requests are answered by 503") == 2


def test_a_wrong_statement_is_a_bug_and_logged_with_its_traceback(caplog):
    with failing(lambda: ProgrammingError("no such column"), psycopg.errors.UndefinedColumn("no such column")):
        assert client().get("/").status_code == 500
        assert client().get(f"{ROOT}/products/").status_code == 500
    assert "requests are answered by 503" not in caplog.text
    assert caplog.text.count("Traceback") >= 2
