"""The doctor on the database: migrations, clocks, staff, and the processes that leave a mark there."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from messaging.models import PeriodicTask, State
from messaging.relay.chores import LEADER_LOCK
from shop.demo.seed_logins import LOGINS, create_logins
from shop.doctor import services
from shop.doctor.checks import broker, catalogue, database, processes, staff
from shop.doctor.checks.clocks import differs
from shop.models import Product, User
from shop.office.staff import create_groups
from tests.api.client import dead
from tests.factories import ProductFactory

pytestmark = pytest.mark.django_db(transaction=True)
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
def server(broker):
    """The run's own broker, under a name that is not the module's."""
    return broker


@pytest.fixture
def settled(monkeypatch):
    monkeypatch.setattr(processes, "PAUSE_SECONDS", 0)


def test_pending_migrations_are_told_and_hide_what_depends_on_them():
    recorder = MigrationRecorder(connection)
    names = sorted(name for app, name in recorder.applied_migrations() if app == "sessions")
    recorder.record_unapplied("sessions", names[0])
    try:
        [finding] = services.first_of(services.DATABASE)
        assert finding.sentence == "The migration sessions.0001_initial is not applied to the database."
        assert finding.fix == "python manage.py migrate"
    finally:
        recorder.record_applied("sessions", names[0])
    assert services.first_of(services.DATABASE) == []


def test_listed_products_of_another_currency_are_told(settings):
    for sku, changes in (("LAMP", {}), ("DESK", {}), ("OLD", {"is_listed": False}), ("YEN", {"currency": "JPY"})):
        ProductFactory.create(sku=sku, **changes)
    settings.SHOP_CURRENCY = "JPY"
    [finding] = catalogue.currency()
    assert finding.sentence == "The listed product LAMP (and 1 more) is not priced in JPY: nobody can buy it."
    Product.objects.update(currency="JPY")
    assert not list(catalogue.currency())


@pytest.mark.parametrize(
    ("seconds", "words"), [(60, "60 s behind the database's"), (-60, "60 s ahead of the database's"), (5, ""), (-5, "")]
)
def test_a_difference_between_clocks(seconds, words):
    theirs = NOON + timedelta(seconds=seconds)
    found = list(differs(theirs, before=NOON, after=NOON, whose="database"))
    assert bool(found) == bool(words)
    for finding in found:
        assert finding.sentence == f"This machine's clock is {words}."
        assert finding.fix == "timedatectl set-ntp true"


def test_a_server_that_answers_slowly_may_have_the_same_time():
    assert list(differs(NOON, before=NOON - timedelta(seconds=30), after=NOON + timedelta(seconds=30), whose="x")) == []


def test_the_clocks_of_database_and_broker_are_compared(server):
    """Only this machine's clock is moved; SQLite has the same one, and RabbitMQ tells none."""
    with time_machine.travel(timezone.now() + timedelta(hours=1)):
        assert bool(list(database.time())) == (connection.vendor == "postgresql")
        assert bool(list(broker.time())) == (not server.is_amqp)
    assert list(database.time()) == list(broker.time()) == []


def test_without_an_administrator():
    [finding] = staff.administrator()
    assert finding.sentence == "No administrator can sign in to the admin."
    assert finding.fix == "python manage.py setup --admin NAME --email ADDRESS"
    User.objects.create_user("ada", is_superuser=True, is_staff=True, is_active=False, password="a")
    User.objects.create_user("bob", is_superuser=True, is_staff=True)
    assert list(staff.administrator())
    User.objects.create_user("cay", is_superuser=True, is_staff=True, password="a")
    assert list(staff.administrator()) == []


def test_a_password_of_the_demo_outside_demo_mode(settings):
    create_groups()
    create_logins()
    assert list(staff.demo_passwords()) == []
    settings.CONVEYOR_DEMO = False
    found = list(staff.demo_passwords())
    assert [finding.fix for finding in found] == [f"python manage.py changepassword {one.name}" for one in LOGINS]
    User.objects.filter(username="shopper").update(is_active=False)
    admin = User.objects.get(username="admin")
    admin.set_password("correct-horse-battery")
    admin.save()
    assert {finding.name for finding in staff.demo_passwords()} == {"password-operator", "password-support"}


def test_without_a_relay_on_postgresql_or_while_it_sends_nothing(settled):
    """A relay holds the lock as long as its session lasts. On SQLite only overdue messages tell."""
    if connection.vendor == "postgresql":
        [finding] = processes.relay()
        assert finding.sentence == "No relay is running: no message reaches the workers."
        assert finding.fix == "python manage.py relay"
        other = connection.copy()
        with other.cursor() as session:
            session.execute("SELECT pg_advisory_lock(%s)", [LEADER_LOCK])
            assert list(processes.relay()) == []
            dead(state=State.PENDING, available_at=timezone.now() - timedelta(hours=1))
            assert sentence_of_relay().startswith("No relay is sending: ")
        other.close()
    else:
        assert list(processes.relay()) == []
        dead(state=State.PENDING, available_at=timezone.now() - timedelta(hours=1))
        assert sentence_of_relay().startswith("No relay is sending: ")


def test_without_beat():
    [finding] = processes.beat()
    assert finding.sentence == "Beat has never run: no periodic task is enqueued."
    PeriodicTask.objects.create(name=PeriodicTask.HEARTBEAT, last_at=timezone.now() - timedelta(hours=1))
    [finding] = processes.beat()
    assert finding.sentence.startswith("Beat has been silent since ")
    assert finding.fix == "celery -A config beat --pidfile="
    PeriodicTask.objects.update(last_at=timezone.now())
    assert list(processes.beat()) == []


def sentence_of_relay() -> str:
    [finding] = processes.relay()
    return finding.sentence
