"""`manage.py setup`: groups, administrator, queues; everything is validated before anything is written."""

import io

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from kombu import Connection

from messaging.topology import topology
from shop.doctor.checks import staff
from shop.management.commands import setup as command
from shop.models import User
from shop.office.staff import OPERATORS, SUPPORT

pytestmark = pytest.mark.django_db(transaction=True)
ADA = {"admin": "ada", "email": "Ada@SHOP.example"}
PASSWORD = "correct-horse-battery"


@pytest.fixture(autouse=True)
def _password(monkeypatch):
    monkeypatch.setenv(command.PASSWORD, PASSWORD)


def setup(**options: object) -> str:
    out = io.StringIO()
    call_command("setup", stdout=out, **options)
    return out.getvalue()


def assert_nothing_written() -> None:
    assert not Group.objects.exists()
    assert not User.objects.exists()


def test_an_empty_shop_is_set_up(broker):
    assert setup(**ADA) == (
        "Staff groups created: Operators, Support.\n"
        "Administrator ada created.\n"
        "Exchange and queues declared: payments, shipping, notifications, maintenance.\n"
    )
    admin = User.objects.get()
    assert (admin.username, admin.email) == ("ada", "Ada@shop.example")
    assert admin.is_superuser
    assert admin.is_staff
    assert admin.check_password(PASSWORD)
    assert set(Group.objects.values_list("name", flat=True)) == {OPERATORS, SUPPORT}
    assert list(staff.administrator()) == list(staff.groups()) == []
    with Connection(broker.url) as link, link.channel() as channel:
        for name in topology().queues:
            if broker.is_amqp:
                assert channel.queue_declare(name, passive=True).message_count == 0
            else:
                assert name in {queue for _key, _pattern, queue in channel.get_table(topology().exchange)}


def test_a_second_run_changes_nothing(broker, monkeypatch):
    setup(**ADA)
    Group.objects.get(name=SUPPORT).permissions.clear()
    monkeypatch.setenv(command.PASSWORD, "another-horse-battery")
    assert setup(**ADA).splitlines()[:2] == ["The staff groups exist.", "Administrator ada exists."]
    assert User.objects.get().check_password(PASSWORD)
    assert not Group.objects.get(name=SUPPORT).permissions.exists()


def test_nothing_has_to_be_redeclared(broker):
    setup()
    assert "deleted" not in setup(redeclare=True)


def test_an_administrator_who_exists_needs_no_password(broker, monkeypatch):
    setup(**ADA)
    monkeypatch.delenv(command.PASSWORD)
    assert "Administrator ada exists." in setup(**ADA)


@pytest.mark.parametrize(
    ("options", "password", "why"),
    [
        ({"admin": "ada"}, PASSWORD, "--admin and --email belong together"),
        ({"admin": "ada", "email": "ada"}, PASSWORD, "Enter a valid email address"),
        ({"admin": "a b", "email": "ada@shop.example"}, PASSWORD, "Enter a valid username"),
        (ADA, "12345678", "This password is too common. This password is entirely numeric."),
        (ADA, "ada@shop.example", "too similar to the email address"),
        (ADA, "", "The administrator needs a password. Set DJANGO_SUPERUSER_PASSWORD"),
        ({"admin": "bob", "email": "ada@shop.example"}, PASSWORD, "An account with this e-mail address already exists"),
        ({"admin": "shopper", "email": "s@shop.example"}, PASSWORD, "The account shopper exists and is not an admin"),
    ],
)
def test_a_mistake_is_told_before_anything_is_written(broker, monkeypatch, options, password, why):
    monkeypatch.setenv(command.PASSWORD, password)
    User.objects.create_user("shopper", email="ADA@shop.example" if options.get("admin") == "bob" else "")
    with pytest.raises(CommandError, match=why):
        setup(**options)
    assert not Group.objects.exists()
    assert not User.objects.filter(is_superuser=True).exists()


def test_without_the_broker_nothing_is_written(no_broker):
    with pytest.raises(CommandError, match=r"Cannot reach the broker: .* Run: export BROKER_URL="):
        setup(**ADA)
    assert_nothing_written()


def test_without_the_migrations_nothing_is_written(broker):
    recorder = MigrationRecorder(connection)
    recorder.record_unapplied("sessions", "0001_initial")
    try:
        with pytest.raises(CommandError, match=r"is not applied to the database\. Run: python manage\.py migrate"):
            setup(**ADA)
    finally:
        recorder.record_applied("sessions", "0001_initial")
    assert_nothing_written()


def test_the_administrator_signs_in(broker, rf):
    setup(**ADA)
    assert authenticate(rf.post("/"), username="ada", password=PASSWORD) == User.objects.get()


def test_the_password_is_no_argument():
    with pytest.raises(CommandError, match="unrecognized arguments"):
        call_command("setup", "--admin", "ada", "--email", "ada@shop.example", "--password", PASSWORD)
