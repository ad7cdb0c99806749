"""Shared fixtures: real stacks, a real broker, and markers set from the fixtures that a test uses."""

import functools
import gc
import os
import re
import shutil
import signal
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from django.conf import settings
from django.core.cache import caches
from django.db import connection
from django.utils import translation
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

from messaging import circuit_breaker
from messaging.broker import inspect
from messaging.operations.failures import downloads
from messaging.relay import claim
from messaging.worker import slices
from shop.limits import counters
from tests import flush
from tests.patience import PATIENCE
from tests.stack import BACKENDS, Stack, template
from tests.stack.broker import ConfiguredBroker

#: Markers by the fixtures that imply them; `bin/test` selects tests by marker.
MARKS = {
    "stack": {"stack", "make_stack", "kill_stack", "storm_stack", "idle"},
    "broker": {"broker"},
    "database": {"db", "transactional_db"},
    "browser": {"chromium"},
}

#: Folders of tests of pages, the desk and the API: what they show of a row does not depend on the database.
_PAGES = ("tests/api/", "tests/messaging/operations/", "tests/shop/")
#: A module of theirs that mentions one of these tests what differs between databases.
_DIFFERS = re.compile("sqlite|postgres|vendor|rabbitmq|valkey|fuzzing", re.IGNORECASE)

_WINDOW = counters._window

#: No test depends on how fast the machine is.
hypothesis.settings.register_profile("untimed", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("untimed")


class ByBackend(LoadScopeScheduling):
    """Tests that share a stack run on the same xdist worker; all others run on any worker.

    Among those, the ones that compute longest start first, so that no worker is left alone with one at the end. Tests
    that start a stack of their own mostly wait, so they run among the others, not beside each other. xdist's
    `xdist_group` marker is not used: it renames tests, which pytest 9.2 refuses.
    """

    def _split_scope(self, nodeid: str) -> str:
        module, _, name = nodeid.partition("::")
        parameters = name.partition("[")[2].rstrip("]").split("-")
        backend = next((backend for backend in BACKENDS if backend in parameters), nodeid)
        return f"kills {backend}" if module == "tests/chaos/test_kills.py" else backend


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByBackend:
    return ByBackend(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        names = set(getattr(item, "fixturenames", ()))
        if item.get_closest_marker("django_db"):
            names.add("db")
        for mark, fixtures in MARKS.items():
            if names & fixtures:
                item.add_marker(mark)
        if _any_database_will_do(item):
            item.add_marker("any_database")
        if not item.nodeid.startswith(_covering()):
            item.add_marker("no_cover")


def _any_database_will_do(item: pytest.Item) -> bool:
    marks = {mark.name for mark in item.iter_markers()}
    is_of_a_page = item.nodeid.startswith(_PAGES) and "database" in marks and not marks & {"broker", "stack", "skipif"}
    return is_of_a_page and not _DIFFERS.search(_source(item.path))


@functools.cache
def _source(path: Path) -> str:
    return path.read_text()


@pytest.hookimpl(trylast=True, specname="pytest_collection_modifyitems")
def pytest_slow_first(items: list[pytest.Item]) -> None:
    """After the shuffle. The scheduler keeps this order among tests that share no stack.

    pytest ignores hooks whose names do not begin with its own.
    """
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.hookimpl
def pytest_collection_finish() -> None:
    """What was imported stays, and the garbage collector need not look at it again: that was a thirtieth of the CPU."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def _covering() -> tuple[str, ...]:
    """Folders of tests whose coverage is measured: it takes half as long again, and the others have nothing to add.

    On PostgreSQL only those of code that asks which database it has, and those that run nowhere else.
    """
    if settings.DATABASES["default"]["ENGINE"].endswith("postgresql"):
        return ("tests/messaging/",)
    return tuple(
        f"tests/{name}/"
        for name in ("messaging", "orders", "payments", "shipping", "contracts", "telemetry", "metrics")
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    """Attach the output of the stack's processes to a failed test's report."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and item.get_closest_marker("any_database"):
        report.outcome, report.longrepr = "failed", f"{report.longrepr}: it may run on no other database"
    if report.failed:
        for stack in item.stash.get(STACKS, []):
            report.sections.append((f"processes of {stack.alias}", stack.tails()))
    # A lone surrogate, as hostile tests log it, cannot be sent from an xdist worker and would end the run.
    report.sections = [(name, text.encode(errors="backslashreplace").decode()) for name, text in report.sections]
    return report


def pytest_configure() -> None:
    """SIGTERM cleans up like Ctrl-C."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def pytest_unconfigure() -> None:
    if settings.configured:
        shutil.rmtree(settings.VAR_DIR, ignore_errors=True)
    if "PYTEST_XDIST_WORKER" not in os.environ:
        template.remove()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    with django_db_blocker.unblock():
        flush.install()
        assert connection.features.supports_json_field  # asked of the database once a process; tests count statements


@pytest.fixture(autouse=True)
def _reset_language() -> Iterator[None]:
    """A request in another language leaves that language active in its thread, as in a web server."""
    yield
    translation.deactivate()


@pytest.fixture(autouse=True)
def _reset_circuit_breaker() -> Iterator[None]:
    """A process caches circuit states; the cache must not outlive the test's database."""
    yield
    circuit_breaker.forget()


@pytest.fixture(autouse=True)
def _reset_aged_share(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process carries the rest of a claim's share to its next claim; it must not outlive the test's messages."""
    monkeypatch.setattr(claim, "_carried", {})


@pytest.fixture(autouse=True)
def _empty_cache() -> Iterator[None]:
    """Pages depend on settings and on the clock, too, which tests change; what a test did is counted for it alone."""
    yield
    for cache in caches.all():
        cache.clear()


@pytest.fixture(autouse=True)
def _reset_downloads(monkeypatch: pytest.MonkeyPatch) -> None:
    """A response that a test does not read keeps its place among a process's exports; it must not outlive the test."""
    monkeypatch.setattr(downloads, "_free", threading.BoundedSemaphore(downloads.MOST))


@pytest.fixture(autouse=True)
def _endless_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """No limit's window ends, and opens the door anew, between two steps of a test; `ending_windows` undoes it."""
    monkeypatch.setattr(counters, "_window", lambda digest, seconds: (0, 0))


@pytest.fixture
def ending_windows(_endless_windows: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A limit's windows begin and end by the clock."""
    monkeypatch.setattr(counters, "_window", _WINDOW)


@pytest.fixture(autouse=True)
def _patient_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Periodic work is done in one slice, however slow the machine is, unless a test says otherwise."""
    monkeypatch.setattr(slices, "_SHARE_OF_TIME_LIMIT", PATIENCE)


@pytest.fixture
def one_step_slices(_patient_slices: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A slice of periodic work ends after its first step."""
    monkeypatch.setattr(slices, "_SHARE_OF_TIME_LIMIT", 1e-9)


STACKS = pytest.StashKey[list[Stack]]()


@pytest.fixture(scope="session")
def _shared_stacks(django_db_blocker: Any) -> Iterator[Callable[[str], Stack]]:
    """One stack per backend, started when the first test requests it."""
    stacks: dict[str, Stack] = {}
    with ExitStack() as removal:

        def shared(backend: str) -> Stack:
            if backend not in stacks:
                stacks[backend] = Stack(backend, blocker=django_db_blocker)
                removal.callback(stacks[backend].remove)
                stacks[backend].start()
            return stacks[backend]

        yield shared


@pytest.fixture(params=BACKENDS)
def stack(request: pytest.FixtureRequest, _shared_stacks: Callable[[str], Stack]) -> Stack:
    """The running shop, shared between tests: do not stop or kill its processes."""
    shared = _shared_stacks(request.param)
    request.node.stash[STACKS] = [shared]
    return shared


@pytest.fixture(params=BACKENDS, ids=lambda backend: f"own {backend}")
def make_stack(request: pytest.FixtureRequest, django_db_blocker: Any) -> Iterator[Callable[..., Stack]]:
    """Factory for stacks of this test alone, including the broker. Takes the arguments of `Stack`."""
    stacks = request.node.stash[STACKS] = []
    with ExitStack() as removal:

        def make(**options: Any) -> Stack:
            options.setdefault("own_broker", True)
            stacks.append(Stack(request.param, blocker=django_db_blocker, **options))
            removal.callback(stacks[-1].remove)
            return stacks[-1].start()

        yield make


@pytest.fixture(scope="session")
def _configured_broker() -> Iterator[ConfiguredBroker]:
    broker = ConfiguredBroker(settings.BROKER_URL)
    try:
        broker.start()
        yield broker
    finally:
        broker.remove()


@pytest.fixture
def broker(_configured_broker: ConfiguredBroker, monkeypatch: pytest.MonkeyPatch) -> ConfiguredBroker:
    """The real, empty broker at `settings.BROKER_URL`: Valkey, or RabbitMQ if BROKER_URL selects it."""
    monkeypatch.setattr(inspect, "PATIENCE", PATIENCE)
    _configured_broker.clear()
    return _configured_broker


@pytest.fixture
def no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Celery's broker URL points to a port where nothing listens."""
    scheme = settings.BROKER_URL.partition("://")[0]
    monkeypatch.setenv("CELERY_BROKER_URL", f"{scheme}://127.0.0.1:9/")
