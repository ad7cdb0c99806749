"""docs/start: every command of the lessons, typed in the page's order beside a running demo, and what readers buy.

The storm of lesson 3 has tests of its own: tests/bench/test_storm.py.
"""

from collections.abc import Iterator

import pytest

from tests.guides.guide import Copy
from tests.guides.pages import blocks, commands
from tests.guides.reader import MANAGE, TYPED, Reader
from tests.stack.program import PROJECT

LESSONS = {
    1: "start/1-run-and-buy.md",
    2: "start/2-break-and-fix.md",
    3: "start/3-three-ways-to-publish.md",
    4: "start/4-retries-dead-letters-priorities.md",
    5: "start/5-your-own-app.md",
    6: "start/6-to-production.md",
}


@pytest.fixture
def reader(tree: Copy) -> Iterator[Reader]:
    reader = Reader(tree, CONVEYOR_RETRY_BASE="1")
    yield reader
    reader.leaves()


@pytest.mark.slow
def test_every_command_of_the_lessons_in_the_demo_does_what_the_page_says(reader):
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


@pytest.mark.slow
def test_every_command_of_the_lesson_about_your_own_app_does_what_the_page_says(reader):
    with reader.reading(LESSONS[5]):
        reads_lesson_5(reader)


def reads_lesson_5(reader: Reader) -> None:
    assert "created extensions/gifts/apps.py" in reader.types(f"{MANAGE}startservice gifts")
    reader.starts()
    assert "worker-gifts" in reader.types(f"{MANAGE}demo status")
    assert "gifts.record_order" in reader.types(f"{MANAGE}topology")
    reader.sees(reader.buys(), "shipped", "delivered")
    services = reader.tree.folder / "extensions/gifts/services.py"
    (broken,) = blocks(LESSONS[5], "python")
    kept, name, _replaced = services.read_text().partition(broken.partition("(")[0])
    assert name
    services.write_text(kept + broken)
    deploys_gifts(reader)
    order = reader.buys()
    dead = reader.finds_dead(order)
    reader.sees(order, "shipped", "delivered")
    assert "AttributeError" in reader.types(f"{MANAGE}dlq groups --task gifts.record_order")
    services.write_text(services.read_text().replace("sub_total", "subtotal"))
    deploys_gifts(reader)
    reader.tree.api(f"failed-tasks/{dead}/retry/", json={})
    reader.waits_for("checklesson 5")
    assert reader.types("make check-lesson N=5").endswith("Lesson 5 worked.\n")
    assert "gifts" in reader.types(f"{MANAGE}queue list")
    reader.tree.assert_only_added("extensions/gifts")
    reader.tree.stop()
    reader.types(f"{MANAGE}migrate gifts zero")
    reader.types("rm -r extensions/gifts")


def deploys_gifts(reader: Reader) -> None:
    for verb in ("stop", "start"):
        reader.types(f"{MANAGE}demo {verb} worker-gifts")


@pytest.mark.slow
def test_every_command_of_the_lesson_about_production_does_what_the_page_says(reader):
    reader.tree.env["DJANGO_SUPERUSER_PASSWORD"] = "Lovelace-1815"  # typed by a reader
    with reader.reading(LESSONS[6]):
        reads_lesson_6(reader)


def reads_lesson_6(reader: Reader) -> None:
    reader.types("export CONVEYOR_VAR=var/rehearsal CONVEYOR_DEMO=0 CONVEYOR_ALLOW_SIMULATED=1")
    reader.types("export CONVEYOR_RELEASE=one")
    reader.starts()
    assert "'database': 'ok'" in reader.types("curl http://localhost:8000/readyz")
    assert "manage.py setup" in reader.types(f"{MANAGE}doctor", code=1)
    reader.types(f"{MANAGE}setup --admin ada --email ada@shop.example")
    reader.types(f"{MANAGE}seed_demo")
    reader.sees(reader.buys(), "shipped", "delivered")
    reader.waits_for("doctor")  # on a busy machine, a worker may take longer to answer than it is given
    assert reader.types(f"{MANAGE}doctor") == "Nothing found.\n"
    reader.types(f'{MANAGE}queue pause payments --reason "release two"')
    reader.types(f"{MANAGE}queue list")
    order = reader.buys()
    reader.types("export CONVEYOR_RELEASE=two")
    reader.starts()
    reader.sees(order, "placed")
    reader.types(f"{MANAGE}queue resume payments")
    reader.sees(order, "shipped", "delivered")
    assert "broken" not in reader.types(f"{MANAGE}audit")
    assert reader.types("make check-lesson N=6").endswith("Lesson 6 worked.\n")
    assert "CONVEYOR_HTTPS" in reader.types(f"{MANAGE}doctor --deploy", code=1)


def test_the_storm_and_the_checks_are_what_make_runs():
    recipes = (PROJECT / "Makefile").read_text()
    assert commands(LESSONS[3]) == ["make lesson-storm", f"make check-lesson N={3}"]
    assert "python -m bench.storm --seconds $(or $(SECONDS),60)" in recipes
    assert "python manage.py checklesson $(N)" in recipes


@pytest.mark.parametrize("page", LESSONS.values())
def test_every_block_of_a_lesson_is_a_command_or_says_that_it_is_an_output(page):
    assert blocks(page)
    assert all(line.startswith(TYPED) for line in commands(page))
