"""Which fixtures does every test have? Real stacks, a real broker, and marks that say what a test needs."""

import shutil
import signal
from collections.abc import Callable, Generator, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.utils import translation
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

from messaging import circuit_breaker
from tests.flush import delete_instead_of_truncate
from tests.stack import BACKENDS, Stack
from tests.stack.broker import ConfiguredBroker

#: Which mark a test gets for which of its fixtures; `bin/test` chooses by them.
MARKS = {
    "stack": {"stack", "make_stack"},
    "broker": {"broker"},
    "database": {"db", "transactional_db"},
    "browser": {"chromium"},
}


class ByBackend(LoadScopeScheduling):
    """Tests of one backend run on one worker of xdist, so that they share its stack; all others run anywhere.

    Those of `tests/chaos` run anywhere, too, since each has stacks of its own; but those that kill workers share one
    for each backend. xdist's own way, `xdist_group`, renames tests, which pytest 9.2 no longer lets it do.
    """

    def _split_scope(self, nodeid: str) -> str:
        module, _, name = nodeid.partition("::")
        parameters = name.partition("[")[2].rstrip("]").split("-")
        backend = next((backend for backend in BACKENDS if backend in parameters), nodeid)
        if module == "tests/chaos/test_kills.py":
            return f"kills {backend}"
        return nodeid if module.startswith("tests/chaos/") else backend


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


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    """A failed test shows what the processes of its stacks printed."""
    report = yield
    if report.failed:
        for stack in item.stash.get(STACKS, []):
            report.sections.append((f"processes of {stack.alias}", stack.tails()))
    return report


def pytest_configure() -> None:
    """Who ends the run with SIGTERM gets the same clearing up as who presses Ctrl-C."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def pytest_unconfigure() -> None:
    if settings.configured:
        shutil.rmtree(settings.VAR_DIR, ignore_errors=True)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> None:
    delete_instead_of_truncate()


@pytest.fixture(autouse=True)
def _everybody_speaks_english() -> Iterator[None]:
    """A request in another language leaves that language behind in its thread, as it does in a web server's."""
    yield
    translation.deactivate()


@pytest.fixture(autouse=True)
def _no_circuit_is_remembered() -> Iterator[None]:
    """What a process has seen of a circuit ends with the test's database."""
    yield
    circuit_breaker.forget()


STACKS = pytest.StashKey[list[Stack]]()


@pytest.fixture(scope="session")
def _shared_stacks(django_db_blocker: Any) -> Iterator[Callable[[str], Stack]]:
    """One stack for each backend, made when the first test wants it."""
    stacks: dict[str, Stack] = {}

    def shared(backend: str) -> Stack:
        if backend not in stacks:
            stacks[backend] = Stack(backend, blocker=django_db_blocker)
            stacks[backend].start()
        return stacks[backend]

    try:
        yield shared
    finally:
        for stack in stacks.values():
            stack.remove()


@pytest.fixture(params=BACKENDS)
def stack(request: pytest.FixtureRequest, _shared_stacks: Callable[[str], Stack]) -> Stack:
    """The running shop, shared with other tests: leave its processes as they are."""
    shared = _shared_stacks(request.param)
    request.node.stash[STACKS] = [shared]
    return shared


@pytest.fixture(params=BACKENDS)
def make_stack(request: pytest.FixtureRequest, django_db_blocker: Any) -> Iterator[Callable[..., Stack]]:
    """Makes and starts stacks of this test alone, broker included; arguments as `Stack` takes them."""
    stacks = request.node.stash[STACKS] = []

    def make(**options: Any) -> Stack:
        options.setdefault("own_broker", True)
        stacks.append(Stack(request.param, blocker=django_db_blocker, **options))
        return stacks[-1].start()

    try:
        yield make
    finally:
        for made in stacks:
            made.remove()


@pytest.fixture(scope="session")
def _configured_broker() -> Iterator[ConfiguredBroker]:
    broker = ConfiguredBroker(settings.BROKER_URL)
    try:
        broker.start()
        yield broker
    finally:
        broker.remove()


@pytest.fixture
def broker(_configured_broker: ConfiguredBroker) -> ConfiguredBroker:
    """The broker at `settings.BROKER_URL`, real and empty: Valkey, or RabbitMQ where BROKER_URL says so."""
    _configured_broker.clear()
    return _configured_broker


@pytest.fixture
def no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Celery looks for its broker where nothing listens."""
    scheme = settings.BROKER_URL.partition("://")[0]
    monkeypatch.setenv("CELERY_BROKER_URL", f"{scheme}://127.0.0.1:9/")
