"""Failed tasks in the admin: list, detail, retry, discard, permissions."""

import uuid

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from messaging import transitions
from messaging.hooks import subject_links
from messaging.models import Message, State
from messaging.operations import actions
from messaging.operations.permissions import Actor
from messaging.transitions.failure import synthetic_failure
from tests.factories import client_with
from tests.messaging.deliver import deliver, send
from tests.messaging.operations.desk import LIST, dead

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def operator() -> Client:
    return client_with(
        "view_message", "view_failedtask", "retry_message", "discard_message", "edit_message", "reveal_payload"
    )


@pytest.fixture
def viewer() -> Client:
    return client_with("view_message", "view_failedtask")


def test_the_list_shows_what_failed_and_why(operator):
    dead(subject="CV-77")
    page = operator.get(LIST).content.decode()
    assert "tests.sample" in page
    assert "<strong>ValueError</strong>" in page
    assert "CV-77" in page


def test_the_detail_page_shows_traceback_payload_and_attempts(operator):
    message = dead()
    page = operator.get(reverse("admin:operations_failedtask_change", args=[message.pk])).content.decode()
    assert "Traceback (most recent call last)" in page
    assert "operations/desk.py" in page, "where it was raised"
    assert "#1" in page


def test_scripts_in_payloads_and_errors_are_escaped(operator):
    message = dead()
    for url in (LIST, reverse("admin:operations_failedtask_change", args=[message.pk])):
        page = operator.get(url).content.decode()
        assert "<script>alert(1)" not in page
        assert "<img src=x" not in page


def test_one_click_retries_a_task(operator):
    message = dead()
    response = operator.post(reverse("admin:operations_failedtask_retry", args=[message.pk]), follow=True)
    assert "1 task queued for retry." in response.content.decode()
    assert LogEntry.objects.get().change_message == "Queued for retry"
    assert deliver(message).state == State.DONE


def test_a_retry_returns_to_where_it_was_sent_from_and_the_list_links_to_the_task(operator):
    for before, after in (
        (LIST + "?queue=maintenance&o=2", LIST + "?queue=maintenance&o=2"),
        ("/elsewhere/?q=1", ""),
        ("[", ""),
        (LIST + "?q=" + 20_000 * "a", LIST),
    ):
        message = dead()
        url = reverse("admin:operations_failedtask_change", args=[message.pk])
        retry = reverse("admin:operations_failedtask_retry", args=[message.pk])
        response = operator.post(retry, headers={"Referer": f"http://testserver{before}"}, follow=True)
        assert response.redirect_chain == [(after or url, 302)]
        shown = response.content.decode()
        assert "1 task queued for retry." in shown
        assert (f'1 task queued for retry. <a href="{url}">Open task</a>' in shown) == bool(after)


def test_the_page_of_a_dead_message_has_the_buttons_of_its_failure(operator, viewer):
    message = dead()
    url = reverse("admin:messaging_message_change", args=[message.pk])
    page = operator.get(url).content.decode()
    for action in ("retry", "discard"):
        assert f'data-action="{action}"' in page
        assert reverse(f"admin:operations_failedtask_{action}", args=[message.pk]) in page
    seen = viewer.get(url).content.decode()
    assert ('data-action="open_group"' in seen, 'data-action="retry"' in seen) == (True, False)
    assert "data-action" not in client_with("view_message").get(url).content.decode()
    Message.objects.filter(pk=message.pk).update(state=State.DONE)
    assert "data-action" not in operator.get(url).content.decode()


def test_selected_tasks_are_retried(operator):
    messages = [dead(), dead()]
    data = {"action": "retry_selected", "_selected_action": [str(m.pk) for m in messages]}
    response = operator.post(LIST, data, follow=True)
    assert "2 tasks queued for retry." in response.content.decode()
    assert set(Message.objects.values_list("state", flat=True)) == {State.PENDING}


def test_the_second_of_two_retries_learns_who_was_first(operator):
    message = dead()
    url = reverse("admin:operations_failedtask_retry", args=[message.pk])
    operator.post(url)
    assert "no longer dead but pending (retry by" in operator.post(url, follow=True).content.decode()


def test_a_discard_requires_a_reason(operator):
    message = dead()
    url = reverse("admin:operations_failedtask_discard", args=[message.pk])
    assert 'name="reason"' in operator.get(url).content.decode()
    assert "A reason is required" in operator.post(url, {"reason": " "}).content.decode()
    message.refresh_from_db()
    assert message.state == State.DEAD
    assert "1 task discarded." in operator.post(url, {"reason": "a test"}, follow=True).content.decode()
    message.refresh_from_db()
    assert (message.state, message.note) == (State.DISCARDED, "a test")


def test_selected_tasks_are_discarded_with_one_reason(operator):
    ids = [str(dead().pk), str(dead().pk)]
    page = operator.post(LIST, {"action": "discard_selected", "_selected_action": ids})
    assert 'name="reason"' in page.content.decode()
    data = {"action": "discard_selected", "_selected_action": ids, "reason": "old"}
    assert "2 tasks discarded." in operator.post(LIST, data, follow=True).content.decode()


def test_a_page_of_an_earlier_failure_does_not_discard_a_later_one(operator):
    first, second = dead(), dead()
    page = operator.post(LIST, {"action": "discard_selected", "_selected_action": [first.pk, second.pk]})
    actions.retry(ids=[first.pk], actor=Actor.system("ann"))
    failure = synthetic_failure("Bug", "another one", task=first.task)
    transitions.bury(message_id=first.pk, sends=send(first).sends, failure=failure)
    data = {"action": "discard_selected", "_selected_action": [first.pk, second.pk], "reason": "old"}
    shown = operator.post(LIST, data | {"seen": page.context["seen"]}, follow=True).content.decode()
    assert "1 task discarded." in shown
    assert "it changed after you opened it" in shown
    assert [Message.objects.get(pk=message.pk).state for message in (first, second)] == [State.DEAD, State.DISCARDED]


def test_a_viewer_can_look_but_not_act(viewer):
    message = dead()
    page = viewer.get(LIST).content.decode()
    assert "tests.sample" in page
    assert "formaction" not in page
    assert "retry_selected" not in page
    for name in ("retry", "discard"):
        url = reverse(f"admin:operations_failedtask_{name}", args=[message.pk])
        assert viewer.post(url, {"reason": "x"}).status_code == 403
    viewer.post(LIST, {"action": "retry_selected", "_selected_action": [str(message.pk)]})
    message.refresh_from_db()
    assert message.state == State.DEAD


def test_staff_without_the_permission_see_nothing():
    dead()
    assert client_with().get(LIST).status_code == 403


def test_a_retry_by_get_changes_nothing(operator):
    message = dead()
    assert operator.get(reverse("admin:operations_failedtask_retry", args=[message.pk])).status_code == 405
    message.refresh_from_db()
    assert message.state == State.DEAD


def test_records_can_be_neither_added_nor_edited_nor_deleted(operator):
    message = dead()
    for model in ("messaging/message", "operations/failedtask"):
        assert operator.get(f"/admin/{model}/add/").status_code == 403
        assert operator.get(f"/admin/{model}/{message.pk}/delete/").status_code == 403
        assert operator.post(f"/admin/{model}/{message.pk}/change/", {"task": "x"}).status_code == 403


def test_a_message_is_found_by_its_subject_and_its_error(operator):
    dead(subject="CV-1")
    dead(subject="CV-2", error=KeyError("needle"))
    page = operator.get(LIST, {"q": "needle"}).content.decode()
    assert "CV-2" in page
    assert "CV-1<" not in page


def test_the_list_costs_the_same_for_any_number_of_rows(operator, django_assert_max_num_queries):
    for _ in range(20):
        dead()
    with django_assert_max_num_queries(12):
        operator.get(LIST)


def test_a_subject_links_to_its_own_page(operator, monkeypatch):
    monkeypatch.setattr(subject_links, "_RESOLVERS", [])
    subject_links.register(lambda subject: None)
    subject_links.register(lambda subject: f"/somewhere/{subject}")
    dead(subject="CV-9")
    assert 'href="/somewhere/CV-9"' in operator.get(LIST).content.decode()
    assert subject_links.url_for("") is None


def test_raw_bytes_are_shown_as_text(operator):
    failure = synthetic_failure("UndecodableMessage", "junk", task="")
    message = transitions.file_stray(
        message_id=uuid.uuid4(), failure=failure, queue="payments", raw_body=b"\xff<b>", raw_headers={"a": 1}
    )
    page = operator.get(reverse("admin:operations_failedtask_change", args=[message.pk])).content.decode()
    assert r"\xff&lt;b&gt;" in page


def test_a_message_without_a_task_is_named_and_leaves_no_gap(operator):
    failure = synthetic_failure("UndecodableMessage", "junk", task="")
    message = transitions.file_stray(message_id=uuid.uuid4(), failure=failure, queue="payments", raw_body=b"\xff")
    assert '<span class="desk-aside">payments</span>' in operator.get(LIST).content.decode()
    discard = " ".join(operator.get(reverse("admin:operations_failedtask_discard", args=[message.pk])).text.split())
    assert "<li> A message that could not be decoded: UndecodableMessage </li>" in discard


def test_any_message_of_the_ledger_has_a_page(operator):
    message = dead()
    page = operator.get(f"/admin/messaging/message/{message.pk}/change/").content.decode()
    assert str(message.correlation_id) in page
    assert operator.get("/admin/messaging/message/", {"q": str(message.pk)}).status_code == 200
