"""What the desk shows is true, whole, labelled, and has one format of time."""

import json
import re

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from messaging import clock
from messaging.operations import actions
from messaging.operations.admin.base import excerpt, with_code
from messaging.operations.dashboard import queue_status
from messaging.operations.models import Alert, FailureGroup, GroupState
from messaging.operations.permissions import Actor
from tests.factories import client_with, place
from tests.messaging.operations.desk import GROUPS, LIST, dead
from tests.messaging.operations.queues_page.page import PAGE, QUEUE, enqueue, row, text

pytestmark = pytest.mark.django_db(transaction=True)
ANN = Actor.system("ann")
#: Attempts follow each other quickly, so theirs have seconds.
TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)? UTC")


@pytest.fixture
def operator(no_broker) -> Client:
    return client_with(
        "view_message", "view_failedtask", "view_failuregroup", "view_order", "retry_message", "pause_queue"
    )


def test_every_time_of_a_desk_page_has_the_same_format(operator):
    message = dead()
    enqueue(delay=600)
    place()
    group = f"{GROUPS}{message.fingerprint}/change/"
    for path in (LIST, f"{LIST}{message.pk}/change/", GROUPS, group, PAGE):
        page = text(operator, path)
        times = re.findall(r"<time[^>]*>(.*?)</time>", page)
        assert times or path == PAGE, path
        assert all(TIME.fullmatch(shown) for shown in times), (path, times)
        assert " ago" not in page
        assert not re.search(r"\d [ap]\.m\.", page), path


def test_attempts_have_seconds_and_errors_their_short_name(operator):
    message = dead(error=json.JSONDecodeError("no", "", 0))
    assert message.error_type == "json.decoder.JSONDecodeError"
    ended = clock.exact(message.attempt_set.get().ended_at)
    for path in (f"{LIST}{message.pk}/change/", reverse("admin:messaging_message_change", args=[message.pk])):
        page = text(operator, path)
        assert f">{ended}</time>" in page
        assert "<strong>JSONDecodeError</strong>" in page
    group = text(operator, f"{GROUPS}{message.fingerprint}/change/")
    assert re.search(r"<dt>Error</dt>\s*<dd>\s*JSONDecodeError\s*</dd>", group)


@pytest.mark.parametrize("language", ["en", "de"])
def test_lists_of_other_apps_have_the_desk_s_format(operator, language):
    order = place()
    page = operator.get("/admin/orders/order/", headers={"Accept-Language": language}).content.decode()
    assert f"{clock.text(order.placed_at)}</td>" in page or f"{clock.text(order.placed_at)}<" in page


def test_first_and_last_time_of_a_group_are_told_apart(operator):
    group = FailureGroup.objects.get(pk=dead().fingerprint)
    shown = re.sub(r"<[^>]+>", "", text(operator, GROUPS))
    assert f"{clock.text(group.last_seen)} first {clock.text(group.first_seen)}" in shown


def test_a_paused_queue_is_not_said_to_be_without_workers(operator, monkeypatch):
    monkeypatch.setattr(queue_status, "ask_broker", lambda: queue_status.Broker(True, {QUEUE: 0}, {}))
    assert row(text(operator))[6] == "0"
    assert "No worker consumes this queue" in text(operator)
    actions.pause(queue=QUEUE, actor=ANN, reason="the bank is down")
    page = text(operator)
    assert row(page)[6] == "–"
    assert page.count("No worker consumes this queue") == 3
    assert "not consuming" in page


def test_a_resolved_group_does_not_need_attention(operator):
    group = FailureGroup.objects.get(pk=dead().fingerprint)
    assert group.pk in text(operator, GROUPS)
    path = f"{GROUPS}{group.pk}/state/"
    answer = operator.post(path, {"state": GroupState.RESOLVED}, follow=True).content.decode()
    assert "Group resolved. 1 task is still dead: retry or discard it." in answer
    assert group.pk not in text(operator, GROUPS)
    assert group.pk in text(operator, GROUPS, **{"is": "resolved"})


def test_a_discard_that_is_undone_reopens_a_resolved_group(operator):
    message = dead()
    actions.discard(ids=[message.pk], actor=ANN, reason="not needed")
    actions.set_group_state(fingerprint=message.fingerprint, state=GroupState.RESOLVED, actor=ANN, note="")
    actions.restore(ids=[message.pk], actor=ANN)
    group = FailureGroup.objects.get(pk=message.fingerprint)
    assert (group.state, group.dead_count) == (GroupState.OPEN, 1)
    assert group.pk in text(operator, GROUPS)


def test_a_trend_says_what_it_counts_since_when_and_its_peak(operator):
    group = FailureGroup.objects.get(pk=dead().fingerprint)
    for path in (GROUPS, f"{GROUPS}{group.pk}/change/"):
        page = text(operator, path)
        captions = [re.sub("<[^>]+>", "", found) for found in re.findall(r"<figcaption>(.*?)</figcaption>", page)]
        assert len(captions) == 2
        assert captions == ["24 hours: 1 dead, peak 1 per hour", "7 days: 1 dead, peak 1 per 6 hours"]
        assert all(f'aria-label="{caption}"' in page for caption in captions)


def test_a_chart_of_a_queue_says_from_when_to_when(operator):
    at = clock.text(timezone.now())[:13]
    captions = re.findall(r"<figcaption>(.*?)</figcaption>", text(operator))
    assert len(captions) == 8
    for caption in captions:
        assert re.search(rf"{TIME.pattern} to {at}.*peak 0 per", caption), caption


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("short", "short"),
        ("the bank did not answer", "the bank did…"),
        ("unbreakable" * 3, "unbreakableunbr…"),
        ("  two\n lines ", "two lines"),
        ("exactly sixteen.", "exactly sixteen."),
        ("", ""),
    ],
)
def test_a_long_text_is_cut_between_words(given, shown):
    assert excerpt(given, most=16) == shown
    assert len(excerpt(given, most=16)) <= 16


def test_the_first_page_counts_what_needs_attention(no_broker):
    dead()
    dead()
    actions.queues.pause(queue=QUEUE, actor=ANN, reason="stocktaking")
    Alert.objects.create(key="one", text="one", raised_at=timezone.now())
    client = client_with("view_failedtask", "view_alert")
    page = re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", text(client, "/admin/")))
    assert f"Failed tasks 2 Paused queues 1 {QUEUE} Open alerts 1" in page


def test_the_first_page_counts_only_what_its_reader_may_see(no_broker):
    page = text(client_with("view_alert"), "/admin/")
    assert "Open alerts" in page
    assert "Paused queues" not in page


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Run `manage.py demo fix-bug`, or wait.", "Run <code>manage.py demo fix-bug</code>, or wait."),
        ("`<b>` & a lone `", "<code>&lt;b&gt;</code> &amp; a lone `"),
        ("``", "``"),
        ("", ""),
    ],
)
def test_commands_in_a_text_are_shown_as_code(text: str, shown: str):
    assert with_code(text) == shown


def test_lists_show_a_command_in_an_error_as_code_like_the_pages_of_one_failure(operator):
    message = dead(error=RuntimeError("In the demo, `manage.py demo fix-bug` deploys the fix."))
    for path in (LIST, f"{LIST}{message.pk}/change/", GROUPS, f"{GROUPS}{message.fingerprint}/change/"):
        assert "In the demo, <code>manage.py demo fix-bug</code> deploys the fix." in text(operator, path), path
