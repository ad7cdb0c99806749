"""Django in this process on a scratch database, an operator's client, and time in the database."""

import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

#: Milliseconds in the database.
BUDGET = 50
#: Milliseconds, and the SQL.
Statement = tuple[float, str]


@contextmanager
def scratch_shop(url: str = "") -> Iterator[None]:
    """Django on an empty PostgreSQL database that is dropped at the end, or on the one at `url`, which is kept."""
    from tests.stack.database import PostgresqlDatabase

    with ExitStack() as removal:
        var = removal.enter_context(tempfile.TemporaryDirectory())
        if not url:
            database = PostgresqlDatabase()
            removal.callback(database.drop)
            database.create()
            url = database.url
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "CONVEYOR_VAR": var,
            "DATABASE_URL": url,
            "SECRET_KEY": "bench-only-bench-only-bench-only-bench-only-bench-only",
            "LOG_LEVEL": "ERROR",
            "DEBUG": "0",
            "CONVEYOR_DEMO": "1",
            "CONVEYOR_LIMITS": "0",
        }
        import django

        django.setup()
        from django.core.management import call_command
        from django.db import connections

        removal.callback(connections.close_all)
        call_command("migrate", verbosity=0)
        call_command("collectstatic", verbosity=0, interactive=False)
        yield


def backend_clock() -> Callable[[], float]:
    """Milliseconds of CPU that the PostgreSQL backend of this process's connection has used."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        stat = Path(f"/proc/{cursor.fetchone()[0]}/schedstat")
    return lambda: int(stat.read_text().split()[0]) / 1e6


def operator() -> Any:
    """The test client of a superuser, with a session and a token."""
    from django.test import Client
    from knox.models import AuthToken

    from shop.models import User

    User.objects.filter(username="bench").delete()
    user = User.objects.create_superuser("bench")
    client = Client(headers={"host": "localhost"})
    client.force_login(user, backend="shop.accounts.authentication.NameOrEmail")
    _stored, token = AuthToken.objects.create(user)  # after the sign-in: without a password, each save revokes tokens
    client.defaults["HTTP_AUTHORIZATION"] = f"Token {token}"
    return client


def get(client: Any, url: str) -> None:
    response = client.get(url, follow=True)
    if response.status_code != 200:
        raise SystemExit(f"{url}: {response.status_code}")
    response.getvalue() if response.streaming else response.content


def measure(request: Callable[[], Any], *, rounds: int) -> tuple[float, list[Statement]]:
    """Median milliseconds inside the database after a first request, and the statements of the median run."""
    from django.db import connection

    runs: list[list[Statement]] = []
    for _ in range(rounds + 1):
        spent = Spent()
        with connection.execute_wrapper(spent):
            request()
        runs.append(spent.statements)
    totals = [sum(milliseconds for milliseconds, _sql in run) for run in runs[1:]]
    median = statistics.median_low(totals)
    return median, runs[1:][totals.index(median)]


class Spent:
    """Times each statement, without fetching."""

    def __init__(self) -> None:
        self.statements: list[Statement] = []

    def __call__(self, execute: Any, sql: str, *arguments: Any) -> Any:
        began = time.perf_counter()
        try:
            return execute(sql, *arguments)
        finally:
            self.statements.append(((time.perf_counter() - began) * 1000, sql))
