"""docs/start: every command of the lessons, typed in the page's order beside a running demo, and what readers buy.

The storm of lesson 3 has tests of its own: tests/bench/test_storm.py.
"""

import json
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.config.running import Run, make_run
from tests.guides.pages import blocks, commands
from tests.patience import wait_for
from tests.stack.api import request
from tests.stack.program import PROJECT, Conversation
from tests.stack.stack import order_body

MANAGE = ".venv/bin/python manage.py "
LESSONS = {
    1: "start/1-run-and-buy.md",
    2: "start/2-break-and-fix.md",
    3: "start/3-three-ways-to-publish.md",
    4: "start/4-retries-dead-letters-priorities.md",
}


class Reader:
    """Types each command of a page, in its order, and buys in between."""

    def __init__(self, run: Run) -> None:
        self._run, self._left = run, list[str]()
        self._terminal: Conversation | None = None

    @contextmanager
    def reading(self, page: str) -> Iterator[None]:
        """Nothing of the page is left at the end of this block."""
        self._left = commands(page)
        yield
        assert self._left == []

    def goes(self) -> None:
        if self._terminal:
            self._terminal.end()

    def types(self, command: str, **values: str) -> str:
        """Output of the page's next command, with words such as ID replaced."""
        assert self._left.pop(0) == command
        for word, value in values.items():
            command = command.replace(word, value)
        if command.startswith("make check-lesson N="):
            command = f"{MANAGE}checklesson {command[-1]}"
        assert self._terminal is not None, "the shop was not started"
        code, output = json.loads(self._terminal.ask(json.dumps(shlex.split(command.removeprefix(MANAGE)))))
        assert code == 0, f"{command}\n{output}"
        return str(output)

    def starts(self) -> None:
        assert self._left.pop(0) == "make run"
        self._run.program.start()
        log = self._run.folder / "terminal.log"
        self._terminal = Conversation("tests.guides.terminal", env=self._run.plain_env, log=log)

    def buys(self, **choices: str) -> Any:
        products = self._api("GET", "products/")["results"]
        most = max(products, key=lambda product: product["stock"])
        return self._api("POST", "orders/", json=order_body(most["sku"], **choices))

    def sees(self, order: dict[str, Any], *statuses: str) -> None:
        wait_for(lambda: self._api("GET", f"orders/{order['public_id']}/")["status"] in statuses, what=f"{statuses}")

    def finds_dead(self, order: dict[str, Any]) -> str:
        """The ID of the order's dead letter, once there is one."""

        login = {"username": "operator", "password": "operator"}
        token = str(self._api("POST", "auth/token/", json=login)["token"])

        def listed() -> Any:
            return self._api("GET", f"failed-tasks/?subject={order['number']}", token=token)["results"]

        wait_for(listed, what="the dead letter is listed")
        return str(listed()[0]["id"])

    def _api(self, method: str, path: str, **options: Any) -> Any:
        status, answer = request(method, f"http://127.0.0.1:{self._run.port}/api/v1/{path}", **options)
        assert status in (200, 201), answer
        return answer


@pytest.fixture
def reader(tmp_path) -> Iterator[Reader]:
    with make_run(tmp_path / "var", CONVEYOR_RETRY_BASE="1", CONVEYOR_LIMITS="0") as run:
        reader = Reader(run)
        yield reader
        reader.goes()


@pytest.mark.slow
def test_every_command_of_the_lessons_does_what_the_page_says(reader):
    for lesson, reads in ((1, reads_lesson_1), (2, reads_lesson_2), (4, reads_lesson_4)):
        with reader.reading(LESSONS[lesson]):
            reads(reader)


def reads_lesson_1(reader: Reader) -> None:
    reader.starts()
    assert "worker-payments" in reader.types(f"{MANAGE}demo status")
    reader.sees(reader.buys(), "shipped", "delivered")
    assert "payments.charge_payment" in reader.types(f"{MANAGE}topology")
    assert reader.types("make check-lesson N=1").endswith("Lesson 1 worked.\n")


def reads_lesson_2(reader: Reader) -> None:
    order = reader.buys(payment_method="pm_bug")
    dead = reader.finds_dead(order)
    assert order["number"] in reader.types(f"{MANAGE}dlq list")
    assert "Traceback" in reader.types(f"{MANAGE}dlq show ID", ID=dead)
    reader.types(f"{MANAGE}demo fix-bug")
    reader.types(f'{MANAGE}dlq retry ID --reason "after the fix"', ID=dead)
    reader.sees(order, "shipped", "delivered")
    reader.buys()
    reader.types(f"{MANAGE}demo kill worker-payments")
    reader.types(f"{MANAGE}demo stop broker")
    order = reader.buys()
    assert order["status"] == "placed"
    reader.types(f"{MANAGE}demo start broker")
    reader.sees(order, "shipped", "delivered")
    assert "broken" not in reader.types(f"{MANAGE}audit")
    assert reader.types("make check-lesson N=2").endswith("Lesson 2 worked.\n")


def reads_lesson_4(reader: Reader) -> None:
    reader.sees(reader.buys(payment_method="pm_flaky_2"), "shipped", "delivered")
    order = reader.buys(payment_method="pm_outage")
    dead = reader.finds_dead(order)
    assert order["number"] in reader.types(f"{MANAGE}dlq list")
    assert "GatewayUnavailable" in reader.types(f"{MANAGE}dlq show ID", ID=dead)
    reader.types(f"{MANAGE}demo end-outage")
    reader.types(f'{MANAGE}dlq retry ID --reason "the bank answers again"', ID=dead)
    reader.sees(order, "shipped", "delivered")
    reader.types(f"{MANAGE}dlq groups")
    reader.types(f'{MANAGE}queue pause payments --reason "lesson 4"')
    waiting = [reader.buys() for _ in range(4)] + [reader.buys(shipping_method="express")]
    reader.types(f"{MANAGE}queue list")
    reader.types(f"{MANAGE}queue resume payments")
    for order in waiting:
        reader.sees(order, "shipped", "delivered")
    assert reader.types("make check-lesson N=4").endswith("Lesson 4 worked.\n")


def test_the_storm_and_the_checks_are_what_make_runs():
    recipes = (PROJECT / "Makefile").read_text()
    assert commands(LESSONS[3]) == ["make lesson-storm", f"make check-lesson N={3}"]
    assert "python -m bench.storm --seconds $(or $(SECONDS),60)" in recipes
    assert "python manage.py checklesson $(N)" in recipes


@pytest.mark.parametrize("page", LESSONS.values())
def test_every_block_of_a_lesson_is_a_command_or_says_that_it_is_an_output(page):
    assert blocks(page)
    assert all(line.startswith(("make ", MANAGE)) for line in commands(page))
