"""The fault board in the admin: who sees it, what it does, and what it answers to nonsense."""

import re
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from messaging import simulated_outages
from messaging.operations.models import AuditEntry
from payments.gateways.simulated import NAME
from shop.demo import supervisor
from shop.demo.game_days import kinds, services
from shop.demo.game_days.kinds import KINDS
from shop.models import Fault
from tests.delivery import deliver_all
from tests.factories import UserFactory, client_with, place

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_broker")]
BOARD = "/admin/shop/fault/"


@pytest.fixture(autouse=True)
def _no_faults():
    yield
    for name in (NAME, *services.CURES.values()):
        simulated_outages.end(name=name)


@pytest.fixture
def runner() -> Client:
    return client_with("run_game_day")


def begin(client: Client, kind: str = "gateway-outage", **fields):
    return client.post(f"{BOARD}begin/{kind}/", fields, follow=True)


def test_the_board_offers_every_fault_and_shows_the_pipeline(runner):
    page = runner.get(BOARD)
    text = page.content.decode()
    for kind in KINDS.values():
        assert str(kind.label) in text
    assert 'class="pipeline pipeline-wide"' in text
    assert 'class="pipeline pipeline-tall"' in text
    assert "None." in text
    assert "No supervisor answers" in text
    live = runner.get(f"{BOARD}live/").content.decode()
    assert 'class="pipeline pipeline-wide"' in live
    assert "<html" not in live


def test_a_fault_is_injected_shown_and_ended(runner):
    text = begin(runner, seconds="30").content.decode()
    fault = Fault.objects.get()
    assert f"Gateway outage started. It ends by itself at {fault.ends_at:%Y-%m-%d %H:%M:%S} UTC." in text
    assert (fault.ends_at - fault.began_at).total_seconds() == 30
    assert f'id="end-{fault.pk}"' in text
    ended = runner.post(f"{BOARD}{fault.pk}/end/", follow=True).content.decode()
    assert "Fault ended." in ended
    assert "This fault is over." in runner.post(f"{BOARD}{fault.pk}/end/", follow=True).content.decode()
    assert not simulated_outages.is_active(name=NAME)
    actor = AuditEntry.objects.filter(action="begin fault").get().actor
    assert actor.startswith("user")


def test_an_outage_that_a_command_began_is_shown_with_the_command_that_ends_it(runner):
    carrier = kinds.carriers()[0]
    for name in (NAME, carrier):
        call_command("outage", name, stdout=StringIO())
    live = runner.get(f"{BOARD}live/").content.decode()
    assert "None." not in live
    assert re.search(rf"Gateway outage</strong>\s+started by a command; <code>manage.py outage {NAME} --end<", live)
    assert re.search(rf"Carrier outage {carrier}</strong>\s+.*<code>manage.py outage {carrier} --end<", live)
    for name in (NAME, carrier):
        call_command("outage", name, end=True, stdout=StringIO())
    assert "None." in runner.get(f"{BOARD}live/").content.decode()


def test_an_outage_that_the_board_began_is_shown_once(runner):
    assert begin(runner, seconds="30").content.decode().count("Gateway outage</strong>") == 1


def test_an_outage_is_ended_where_it_was_begun(runner):
    """They are one file: either would end or shorten the other's without a word."""
    call_command("outage", NAME, stdout=StringIO())
    refused = begin(runner, seconds="30").content.decode()
    assert f"A command has begun an outage of {NAME}. End it first: `manage.py outage {NAME} --end`." in refused
    assert not Fault.objects.filter(ends_at__gt=timezone.now()).exists()
    call_command("outage", NAME, end=True, stdout=StringIO())
    assert "A command has begun" not in begin(runner, seconds="30").content.decode()
    for options in ({"end": True}, {"seconds": 600.0}):
        with pytest.raises(CommandError, match=r"has begun an outage of .* until .* UTC. .* /admin/shop/fault/"):
            call_command("outage", NAME, stdout=StringIO(), **options)
    assert simulated_outages.is_active(name=NAME)


def test_a_process_that_a_command_stopped_is_shown_with_the_command_that_starts_it(runner, monkeypatch):
    states = {"broker": "STOPPED", "relay": "RUNNING", "web": "STARTING"}
    monkeypatch.setattr(supervisor, "processes", lambda: states)
    live = runner.get(f"{BOARD}live/").content.decode()
    assert re.search(r"Process stopped: broker</strong>\s+.*<code>manage.py demo start broker<", live)
    assert live.count("Process stopped") == 1
    states["broker"] = "RUNNING"
    assert "None." in runner.get(f"{BOARD}live/").content.decode()


def test_a_scripted_failure_is_cured_and_restored(runner):
    assert "Cured." in runner.post(f"{BOARD}cure/bug/", follow=True).content.decode()
    assert services.cured()["bug"]
    assert "Restore failure" in runner.get(BOARD).content.decode()
    runner.post(f"{BOARD}restore/bug/")
    assert not services.cured()["bug"]


def test_the_report_is_measured_from_the_orders_around_the_fault(runner):
    order = place()
    begin(runner, seconds="30")
    fault = Fault.objects.get()
    url = f"{BOARD}{fault.pk}/report/"
    active = runner.get(url).content.decode()
    assert "1 placed, 0 shipped, 1 under way" in active
    assert "still active" in active
    runner.post(f"{BOARD}{fault.pk}/end/")
    deliver_all()
    order.refresh_from_db()
    assert order.status == "delivered"
    report = runner.get(url).context["report"]
    assert (report.orders, report.finished, report.under_way, report.lost, report.doubled) == (1, 1, 0, 0, 0)
    assert "after its end" in runner.get(url).content.decode()


def test_a_fault_that_no_order_met_has_nothing_to_recover(runner):
    begin(runner, seconds="30")
    fault = Fault.objects.get()
    runner.post(f"{BOARD}{fault.pk}/end/")
    page = runner.get(f"{BOARD}{fault.pk}/report/").content.decode()
    assert "no order met the fault" in page
    assert "after its end" not in page.split("<dl")[1]


@pytest.mark.parametrize("seconds", ["0", "601", "-1", "1e3", "nan", "1_0", "٣", "\x00", "9" * 400, "ten"])
def test_nonsense_is_refused_and_nothing_begins(runner, seconds):
    answer = begin(runner, seconds=seconds)
    assert answer.status_code == 400 or "Enter a duration from 1 to 600 seconds." in answer.content.decode()
    assert not Fault.objects.exists()


@pytest.mark.parametrize(
    "path", ["begin/moon/", "cure/moon/", "restore/moon/", "1/end/", f"{10**30}/end/", f"{10**30}/report/", "begin/"]
)
def test_what_does_not_exist_is_not_found(runner, path):
    method = runner.get if path.endswith("report/") else runner.post
    assert method(BOARD + path).status_code == 404


def actions_of(fault: Fault) -> list[str]:
    return ["begin/gateway-outage/", f"{fault.pk}/end/", "cure/bug/", "restore/bug/"]


def fault() -> Fault:
    now = timezone.now()
    return Fault.objects.create(kind="gateway-outage", began_at=now, ends_at=now + services.KEPT, begun_by="ann")


def test_staff_without_the_permission_get_nothing():
    client, existing = client_with("view_message", "pause_queue", "view_failedtask"), fault()
    for path in ("", "live/", f"{existing.pk}/report/"):
        assert client.get(BOARD + path).status_code == 403
    for path in actions_of(existing):
        assert client.post(BOARD + path).status_code == 403
    assert BOARD not in client.get("/admin/").content.decode()
    assert not AuditEntry.objects.exists()


def test_actions_need_a_post(runner):
    for path in actions_of(fault()):
        assert runner.get(BOARD + path).status_code == 405


def test_outside_demo_mode_there_is_no_board_even_for_superusers(settings):
    admin, existing = Client(), fault()
    admin.force_login(
        UserFactory.create(is_staff=True, is_superuser=True), backend="shop.accounts.authentication.NameOrEmail"
    )
    assert reverse("admin:shop_fault_changelist") == BOARD
    assert BOARD in admin.get("/admin/").content.decode()
    settings.CONVEYOR_DEMO = False
    for path in ("", "live/", f"{existing.pk}/report/"):
        assert admin.get(BOARD + path).status_code == 404
    for path in actions_of(existing):
        assert admin.post(BOARD + path).status_code == 404
    assert BOARD not in admin.get("/admin/").content.decode()
