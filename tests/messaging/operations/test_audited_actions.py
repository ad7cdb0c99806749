"""Every operator action is audited, in the admin, the command line and the API.

The tables are compared with what each interface offers: a URL, list action, command or endpoint without a row fails.
"""

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.urls import URLPattern, reverse
from django.utils import timezone

from messaging.models import Message, State
from messaging.operations import actions, audit
from messaging.operations.api import urls as api_urls
from messaging.operations.api.base import DeskView
from messaging.operations.cli import subcommands
from messaging.operations.models import AuditEntry, SavedFilter
from messaging.operations.permissions import Actor
from tests.api.client import post as api_post
from tests.api.client import token_of
from tests.factories import client_with
from tests.messaging.operations.desk import ALL_PERMISSIONS, dead, failed_task, page_url, quarantined
from tests.messaging.operations.prepared import bulk_retry, discarded, group, open_circuit, paused, scheduled

pytestmark = pytest.mark.django_db(transaction=True)
ANN = Actor.system("ann")
REASON = "the mail server is back"
PERMISSIONS = (*ALL_PERMISSIONS, "view_message", "view_bulkoperation")
LIST = "admin:operations_failedtask_changelist"


def url_of(name: str, *args: Any) -> str:
    return reverse(f"admin:operations_{name}", args=args)


def edited(message: Message) -> dict[str, Any]:
    fields = {"payload-email": "bob@example.com", "payload-copies": "2", "payload-pages": "[]"}
    return {**fields, "seen": f"{message.state}.{message.attempts}.{message.replayed_from}", "apply": "1"}


def list_action(action: str) -> tuple[str, dict[str, Any]]:
    return reverse(LIST), {"action": action, "_selected_action": str(failed_task().pk)}


def saved_filter() -> SavedFilter:
    """A filter of the latest user, who is the one under test."""
    owner = get_user_model().objects.latest("pk").get_username()
    return SavedFilter.objects.create(page=NEW_FILTER["page"], owner=owner, name="carrier", query="queue=shipping")


NEW_FILTER = {"page": "operations_failedtask", "name": "carrier", "query": "queue=shipping"}
PACE = {"rate": 50, "canary": 0, "stop_ratio": 0.5}
#: Audited action, name of the URL or list action, and a function that prepares for it and returns the URL with the data
#: to post; None as data means GET.
Admin = tuple[str, str, Callable[[], tuple[str, dict[str, Any] | None]]]
ADMIN: list[Admin] = [
    ("retry", "failedtask_retry", lambda: (page_url(failed_task(), "retry"), {})),
    ("reveal", "failedtask_reveal", lambda: (page_url(failed_task(), "reveal"), {"reason": REASON})),
    ("dry run", "failedtask_dry_run", lambda: (page_url(dead(), "dry_run"), {})),
    ("reveal", "failedtask_edit", lambda: (page_url(failed_task(), "edit"), None)),
    ("edit", "failedtask_edit", lambda: (page_url(m := failed_task(), "edit"), {**edited(m), "reason": REASON})),
    ("discard", "failedtask_discard", lambda: (page_url(failed_task(), "discard"), {"reason": REASON})),
    ("restore", "failedtask_restore", lambda: (page_url(discarded()[0], "restore"), {"reason": REASON})),
    ("restore", "failedtask_undo", lambda: (url_of("failedtask_undo", discarded()[1]), {"reason": REASON})),
    ("release", "failedtask_release", lambda: (page_url(quarantined(), "release"), {"reason": REASON})),
    ("export", "failedtask_export", lambda: (url_of("failedtask_export") + "?queue=maintenance", None)),
    ("retry", "retry_selected", lambda: list_action("retry_selected")),
    ("bulk preview", "bulk_retry", lambda: list_action("bulk_retry")),
    (
        "discard",
        "discard_selected",
        lambda: (list_action("discard_selected")[0], list_action("discard_selected")[1] | {"reason": REASON}),
    ),
    (
        "group acknowledged",
        "failuregroup_state",
        lambda: (url_of("failuregroup_state", group().pk), {"state": "acknowledged", "note": REASON}),
    ),
    (
        "group resolved",
        "failuregroup_state",
        lambda: (url_of("failuregroup_state", group().pk), {"state": "resolved", "note": REASON}),
    ),
    (
        "group note",
        "failuregroup_note",
        lambda: (url_of("failuregroup_note", group().pk), {"note": REASON, "runbook": ""}),
    ),
    (
        "discard",
        "failuregroup_discard",
        lambda: (url_of("failuregroup_discard", group().pk), {"until": timezone.now().isoformat(), "reason": REASON}),
    ),
    ("bulk preview", "bulk_new", lambda: (url_of("bulk_new"), {"queue": failed_task().queue})),
    (
        "bulk start",
        "bulk_start",
        lambda: (url_of("bulk_start", bulk_retry("preview").pk), {**PACE, "stop_percent": 50, "reason": REASON}),
    ),
    ("bulk pause", "bulk_pause", lambda: (url_of("bulk_pause", bulk_retry("running").pk), {"reason": REASON})),
    ("bulk resume", "bulk_resume", lambda: (url_of("bulk_resume", bulk_retry("paused").pk), {"reason": REASON})),
    ("bulk cancel", "bulk_cancel", lambda: (url_of("bulk_cancel", bulk_retry("running").pk), {"reason": REASON})),
    ("export", "bulk_csv", lambda: (url_of("bulk_csv", bulk_retry("running").pk), None)),
    ("pause queue", "queues_pause", lambda: (url_of("queues_pause", "maintenance"), {"reason": REASON})),
    ("resume queue", "queues_resume", lambda: (url_of("queues_resume", paused()), {"reason": REASON})),
    ("probe circuit", "queues_probe", lambda: (url_of("queues_probe", open_circuit()), {})),
    ("run now", "queues_run_now_one", lambda: (url_of("queues_run_now_one", scheduled().pk), {})),
    ("run queue now", "queues_run_now", lambda: (url_of("queues_run_now", scheduled().queue), {})),
    ("save filter", "savedfilter_save", lambda: (url_of("savedfilter_save"), NEW_FILTER)),
    ("delete filter", "savedfilter_remove", lambda: (url_of("savedfilter_remove", saved_filter().pk), {})),
]
#: Read-only URLs, and Django admin URLs that refuse to change anything.
READ_ONLY = {"queues_live", "bulk_progress", "failuregroup_live", "failuregroup_live_one"}
DJANGO_URLS = ("changelist", "change", "add", "delete", "history")

COMMANDS: list[tuple[str, Callable[[], list[str]]]] = [
    ("retry", lambda: ["dlq", "retry", str(failed_task().pk)]),
    ("edit", lambda: ["dlq", "edit", str(failed_task().pk), "--payload", '{"email": "bob@example.com", "copies": 2}']),
    ("discard", lambda: ["dlq", "discard", str(failed_task().pk)]),
    ("restore", lambda: ["dlq", "restore", str(discarded()[0].pk)]),
    ("release", lambda: ["dlq", "release", str(quarantined().pk)]),
    ("reveal", lambda: ["dlq", "show", str(failed_task().pk), "--reveal"]),
    ("dry run", lambda: ["dlq", "dry-run", str(dead().pk)]),
    ("export", lambda: ["dlq", "export", "--queue", failed_task().queue]),
    ("group acknowledged", lambda: ["dlq", "groups", "--acknowledge", group().pk]),
    ("group resolved", lambda: ["dlq", "groups", "--resolve", group().pk]),
    ("group open", lambda: ["dlq", "groups", "--reopen", _resolved()]),
    ("discard", lambda: ["dlq", "groups", "--discard", group().pk]),
    ("bulk preview", lambda: ["dlq", "preview", "--queue", failed_task().queue]),
    ("bulk start", lambda: ["dlq", "start", str(bulk_retry("preview").pk)]),
    ("bulk start", lambda: ["dlq", "retry", "--queue", failed_task().queue, "--rate", "50"]),
    ("bulk pause", lambda: ["dlq", "pause", str(bulk_retry("running").pk)]),
    ("bulk resume", lambda: ["dlq", "resume", str(bulk_retry("paused").pk)]),
    ("bulk cancel", lambda: ["dlq", "cancel", str(bulk_retry("running").pk)]),
    ("pause queue", lambda: ["queue", "pause", "maintenance"]),
    ("resume queue", lambda: ["queue", "resume", paused()]),
    ("probe circuit", lambda: ["queue", "try", open_circuit()]),
]
READ_ONLY_COMMANDS = {"list", "operations"}

API: list[tuple[str, str, Callable[[], str], dict[str, Any]]] = [
    ("retry", "failed-task-retry", lambda: f"/failed-tasks/{failed_task().pk}/retry/", {}),
    ("discard", "failed-task-discard", lambda: f"/failed-tasks/{failed_task().pk}/discard/", {}),
    ("restore", "failed-task-restore", lambda: f"/failed-tasks/{discarded()[0].pk}/restore/", {}),
    ("release", "failed-task-release", lambda: f"/failed-tasks/{quarantined().pk}/release/", {}),
    (
        "edit",
        "failed-task-edit",
        lambda: f"/failed-tasks/{failed_task().pk}/edit/",
        {"payload": {"email": "b@c.org", "copies": 2}},
    ),
    ("dry run", "failed-task-dry-run", lambda: f"/failed-tasks/{dead().pk}/dry-run/", {}),
    ("reveal", "failed-task-reveal", lambda: f"/failed-tasks/{failed_task().pk}/reveal/", {}),
    (
        "group acknowledged",
        "failure-group-acknowledge",
        lambda: f"/failure-groups/{group().pk}/acknowledge/",
        {"note": REASON},
    ),
    ("group resolved", "failure-group-resolve", lambda: f"/failure-groups/{group().pk}/resolve/", {"note": REASON}),
    ("bulk preview", "bulk-retries", lambda: _with_a_failed_task("/bulk-retries/"), {"all": True}),
    ("bulk start", "bulk-retry-start", lambda: f"/bulk-retries/{bulk_retry('preview').pk}/start/", PACE),
    ("bulk pause", "bulk-retry-pause", lambda: f"/bulk-retries/{bulk_retry('running').pk}/pause/", {}),
    ("bulk resume", "bulk-retry-resume", lambda: f"/bulk-retries/{bulk_retry('paused').pk}/resume/", {}),
    ("bulk cancel", "bulk-retry-cancel", lambda: f"/bulk-retries/{bulk_retry('running').pk}/cancel/", {}),
    ("pause queue", "queue-pause", lambda: "/queues/maintenance/pause/", {}),
    ("resume queue", "queue-resume", lambda: f"/queues/{paused()}/resume/", {}),
    ("probe circuit", "circuit-probe", lambda: f"/circuits/{open_circuit()}/probe/", {}),
]
#: For staff, but about orders, which have their own timeline.
ORDER_ENDPOINTS = {"order-refunds"}


def _with_a_failed_task(path: str) -> str:
    failed_task()
    return path


def _resolved() -> str:
    return actions.set_group_state(fingerprint=group().pk, state="resolved", actor=ANN).pk  # type: ignore[arg-type]


def entries(action: str) -> list[AuditEntry]:
    """Entries of the action under test; the preparation runs as `ann`."""
    return list(AuditEntry.objects.filter(action=action).exclude(actor__in=("ann",)))


@pytest.mark.parametrize(("action", "name", "prepare"), ADMIN, ids=[f"{action}-{name}" for action, name, _ in ADMIN])
def test_an_admin_action_is_in_the_audit_log_and_in_djangos_history(action, name, prepare, no_broker):
    client = client_with(*PERMISSIONS)
    url, data = prepare()
    response = client.get(url) if data is None else client.post(url, data)
    assert response.status_code == (200 if data is None or action in ("reveal", "dry run") else 302)
    (entry,) = entries(action)
    assert entry.actor.startswith("user")
    if data and "reason" in data:
        assert entry.reason == REASON
    assert LogEntry.objects.filter(user__username=entry.actor).exists()


@pytest.mark.parametrize("prepare", [row[2] for row in ADMIN], ids=[f"{action}-{name}" for action, name, _ in ADMIN])
def test_a_request_for_headers_alone_is_not_recorded(prepare, no_broker):
    client = client_with(*PERMISSIONS)
    url, _ = prepare()
    recorded = AuditEntry.objects.count(), LogEntry.objects.count()
    client.head(url)
    assert (AuditEntry.objects.count(), LogEntry.objects.count()) == recorded


@pytest.mark.parametrize(("action", "prepare"), COMMANDS, ids=[action for action, _ in COMMANDS])
def test_a_command_is_in_the_audit_log(action, prepare):
    call_command(*prepare(), "--reason", REASON, stdout=io.StringIO())
    (entry,) = entries(action)
    assert entry.actor.startswith("cli:")
    assert entry.reason == REASON


@pytest.mark.parametrize(("action", "name", "prepare", "data"), API, ids=[name for _, name, _, _ in API])
def test_an_api_call_is_in_the_audit_log(action, name, prepare, data, no_broker):
    token = token_of(*PERMISSIONS, username="olga")
    body = data if "note" in data else {"reason": REASON, **data}
    assert api_post(prepare(), json.dumps(body), token=token).status_code == (201 if action == "bulk preview" else 200)
    (entry,) = entries(action)
    assert (entry.actor, entry.reason) == ("olga", REASON)


def test_every_operator_action_is_covered():
    covered = {action for action, *_ in (*ADMIN, *COMMANDS, *API)}
    assert covered == audit.OPERATOR_ACTIONS


def test_every_url_and_list_action_of_the_desk_is_covered():
    admin.autodiscover()
    desk = [
        page for model, page in admin.site._registry.items() if model._meta.app_label in ("messaging", "operations")
    ]
    names = {_short(url) for page in desk for url in page.get_urls() if isinstance(url, URLPattern) and url.name}
    names = {name for name in names if name and name.rpartition("_")[2] not in DJANGO_URLS} - READ_ONLY
    names |= {action for page in desk for action in page.actions or ()}
    assert names == {name for _, name, _ in ADMIN}


def test_every_command_of_the_desk_is_covered():
    names = {sub.name for sub in subcommands()}
    lines = [prepare() for _, prepare in COMMANDS]
    assert names - READ_ONLY_COMMANDS == {line[1] for line in lines if line[0] == "dlq"}


def test_every_post_endpoint_of_the_desk_is_covered():
    views = {url.name: getattr(url.callback, "view_class", None) for url in api_urls.urlpatterns}
    desk = {name for name, view in views.items() if view and issubclass(view, DeskView)}
    assert {name for name in desk if hasattr(views[name], "post")} - ORDER_ENDPOINTS == {name for _, name, _, _ in API}


def test_an_unknown_action_is_refused():
    with pytest.raises(audit.UnknownAction):
        audit.record(action="tidy up", actor=ANN)


def test_the_undo_of_a_group_discard_is_logged_on_the_group_and_its_messages(no_broker):
    client = client_with(*PERMISSIONS)
    first, second = failed_task(), failed_task()
    fingerprint, now = first.fingerprint, timezone.now()
    operation, count = actions.discard_group(fingerprint=fingerprint, until=now, actor=ANN, reason="old")
    assert count == 2
    client.post(url_of("failedtask_undo", operation), {"reason": REASON})
    logged = set(LogEntry.objects.values_list("object_id", flat=True))
    assert logged == {str(first.pk), str(second.pk), first.fingerprint}
    assert Message.objects.filter(state=State.DEAD).count() == 2


def _short(url: URLPattern) -> str:
    return (url.name or "").removeprefix("operations_").removeprefix("messaging_")
