"""`manage.py checklesson`: what is left of a lesson, and that it worked."""

import io
import json
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from messaging.models import Message, State
from messaging.topology import Priority
from orders.models import Order
from shop.demo.seed_catalogue import create_catalogue
from shop.demo.seed_orders import place_orders
from shop.doctor.findings import Finding
from tests.delivery import deliver_all
from tests.factories import place

pytestmark = pytest.mark.django_db(transaction=True)
STORM = {publish: {"lost": 3, "doubled": 0} for publish in ("naive", "on_commit")}
SAFE = {"lost": 0, "doubled": 0}


def check(lesson: int) -> tuple[bool, str]:
    """Whether it worked, and what was printed."""
    output = io.StringIO()
    try:
        call_command("checklesson", lesson, stdout=output)
    except CommandError as error:
        return False, f"{output.getvalue()}{error}"
    return True, output.getvalue()


@pytest.mark.parametrize(("lesson", "steps"), [(1, 2), (2, 4), (3, 4), (4, 4), (5, 3)])
def test_a_lesson_that_nobody_has_begun_says_what_to_do(lesson, steps):
    worked, text = check(lesson)
    assert not worked
    assert text.count("  to do  ") == steps
    assert f"Lesson {lesson} is not complete: {steps} of {steps} steps are left." in text


def test_the_demos_own_orders_do_not_count():
    create_catalogue()
    assert sum(created for _sale, created in place_orders())
    deliver_all()
    assert Order.objects.filter(status="shipped").exists()
    assert not check(1)[0]


def test_the_first_lesson_works_once_an_order_is_shipped():
    place()
    worked, text = check(1)
    assert not worked
    assert "  done   You placed an order." in text
    assert "to do  It is paid and shipped. Pay with the card that succeeds" in text
    deliver_all()
    assert check(1) == (True, "  done   You placed an order.\n  done   It is paid and shipped.\nLesson 1 worked.\n")


@pytest.mark.parametrize(
    ("publish", "works"),
    [
        (STORM | {"ledger": SAFE}, True),
        (STORM | {"ledger": {"lost": 0, "doubled": 1}}, False),
        (STORM | {"ledger": SAFE, "naive": SAFE}, False),
        (STORM, False),
    ],
)
def test_the_third_lesson_works_if_the_ledger_alone_lost_nothing(settings, tmp_path, publish, works):
    settings.VAR_DIR = tmp_path
    (tmp_path / "lessons").mkdir()
    (tmp_path / "lessons" / "storm.json").write_text(json.dumps({"seconds": 60, "publish": publish}))
    assert check(3)[0] is works


@pytest.mark.parametrize("comes_first", ["express", "standard"])
def test_an_express_order_overtakes_only_if_it_was_charged_before_an_older_standard_one(comes_first):
    standard, express = place(), place(shipping_method="express")
    charges = Message.objects.filter(task="payments.charge_payment")
    assert charges.get(subject=express.number).priority == Priority.HIGH
    now = timezone.now()
    later = standard if comes_first == "express" else express
    charges.update(state=State.DONE, started_at=now)
    charges.filter(subject=later.number).update(started_at=now + timedelta(seconds=1))
    assert ("  done   An express order" in check(4)[1]) is (comes_first == "express")


def record_gift(**changes):
    """What the ledger keeps of a message of your app, here made of an order's charge."""
    charge = Message.objects.filter(task="payments.charge_payment", subject=place().number)
    charge.update(task="gifts.record_order", state=State.DONE, **changes)


def test_your_own_app_has_a_message_that_succeeded_one_that_died_and_its_retry():
    record_gift()
    text = check(5)[1]
    assert "  done   A message of your app" in text
    assert text.count("  to do  ") == 2
    record_gift(replayed_from=1)
    assert check(5)[0]


def test_another_apps_message_is_not_that_of_your_own():
    place()
    deliver_all()
    assert check(5)[1].count("  to do  ") == 3


@pytest.fixture
def production(settings, monkeypatch):
    """A shop outside demo mode in which the doctor finds nothing."""
    settings.CONVEYOR_DEMO = False
    monkeypatch.setattr("shop.demo.lessons.checks.run_checks", list)


@pytest.mark.parametrize(("releases", "works"), [(["one", "two"], True), (["two", "two"], False), (["", "two"], False)])
def test_the_sixth_lesson_works_once_two_releases_have_charged(production, releases, works):
    for release in releases:
        order = place()
        deliver_all()
        Message.objects.filter(task="payments.charge_payment", subject=order.number).update(release=release)
    assert check(6)[0] is works


def test_the_sixth_lesson_needs_a_shop_outside_demo_mode_and_a_content_doctor(production, settings, monkeypatch):
    settings.CONVEYOR_DEMO = True
    assert "  to do  These are the settings" in check(6)[1]
    monkeypatch.setattr("shop.demo.lessons.checks.run_checks", lambda: [Finding("relay", "No relay.", "relay")])
    assert "  to do  The doctor finds nothing" in check(6)[1]


def test_the_sixth_lesson_before_the_shop_has_started_says_so(monkeypatch):
    monkeypatch.setattr("shop.demo.lessons.checks.pending_migrations", lambda: ["orders.0001_initial"])
    worked, text = check(6)
    assert not worked
    assert "  to do  The shop has started. Run `make run`" in text


def test_lessons_are_for_the_demo(settings):
    settings.CONVEYOR_DEMO = False
    worked, text = check(1)
    assert not worked
    assert "make run" in text
