"""Does every deed on the operators' desk leave its trace, by whichever door it is done?

The doors are asked what they offer: an address, action, command or verb that no row here speaks of is a failure.
"""

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.core.management import call_command
from django.urls import URLPattern, reverse
from django.utils import timezone

from messaging import outbox
from messaging.models import Circuit, Message, State
from messaging.operations import actions, audit
from messaging.operations.api import urls as api_urls
from messaging.operations.api.base import DeskView
from messaging.operations.bulk_retry import services as bulk
from messaging.operations.cli import subcommands
from messaging.operations.models import AuditEntry, BulkOperation, FailureGroup
from messaging.operations.permissions import Actor
from tests.api.client import post as api_post
from tests.api.client import token_of
from tests.messaging.operations.bulk_retry.dead import previewed
from tests.messaging.operations.desk import ALL, letter, page
from tests.messaging.operations.test_message_admin import client_with
from tests.messaging.samples import Sample

pytestmark = pytest.mark.django_db(transaction=True)
ANN = Actor.system("ann")
WHY = "the post is back"
EVERY = (*ALL, "view_message", "view_bulkoperation")
LIST = "admin:operations_failedtask_changelist"


def name(of: str, *args: Any) -> str:
    return reverse(f"admin:operations_{of}", args=args)


def discarded() -> Any:
    """A letter that was given up, and the operation that did it."""
    message = letter()
    return message, actions.discard(ids=[message.pk], actor=ANN, reason="old").operation_id


def group() -> FailureGroup:
    return FailureGroup.objects.get(pk=letter().fingerprint)


def standing(state: str) -> BulkOperation:
    """A bulk retry in this state, of one letter."""
    letter()
    operation = previewed()
    if state != "preview":
        bulk.start(operation_id=operation.pk, pace=bulk.Pace(), actor=ANN)
    if state == "paused":
        bulk.pause(operation_id=operation.pk, actor=ANN)
    return operation


def scheduled() -> Message:
    with outbox.transaction():
        return outbox.enqueue(Sample(text="later"), delay=600)


def paused() -> str:
    actions.pause(queue="maintenance", actor=ANN, reason="holidays")
    return "maintenance"


def down() -> str:
    now = timezone.now()
    return Circuit.objects.create(pk="gateway.simulated", opened_at=now, probe_at=now).pk


def edited(message: Message) -> dict[str, Any]:
    fields = {"payload-email": "bob@example.com", "payload-copies": "2", "payload-pages": "[]"}
    return {**fields, "seen": f"{message.state}.{message.attempts}.{message.replayed_from}", "apply": "1"}


def chosen(action: str) -> tuple[str, dict[str, Any]]:
    return reverse(LIST), {"action": action, "_selected_action": str(letter().pk)}


PACE = {"rate": 50, "canary": 0, "stop_ratio": 0.5}
#: By the address's name, or the action's: what is done, and a function that makes ready for it and says how: (address,
#: what is posted), where None stands for a GET.
Admin = tuple[str, str, Callable[[], tuple[str, dict[str, Any] | None]]]
ADMIN: list[Admin] = [
    ("retry", "failedtask_retry", lambda: (page(letter(), "retry"), {})),
    ("reveal", "failedtask_reveal", lambda: (page(letter(), "reveal"), {"reason": WHY})),
    ("reveal", "failedtask_edit", lambda: (page(letter(), "edit"), None)),
    ("edit", "failedtask_edit", lambda: (page(m := letter(), "edit"), {**edited(m), "reason": WHY})),
    ("discard", "failedtask_discard", lambda: (page(letter(), "discard"), {"reason": WHY})),
    ("restore", "failedtask_restore", lambda: (page(discarded()[0], "restore"), {"reason": WHY})),
    ("restore", "failedtask_undo", lambda: (name("failedtask_undo", discarded()[1]), {"reason": WHY})),
    ("export", "failedtask_export", lambda: (name("failedtask_export") + "?queue=maintenance", None)),
    ("retry", "retry_selected", lambda: chosen("retry_selected")),
    ("bulk preview", "bulk_retry", lambda: chosen("bulk_retry")),
    (
        "discard",
        "discard_selected",
        lambda: (chosen("discard_selected")[0], chosen("discard_selected")[1] | {"reason": WHY}),
    ),
    (
        "group acknowledged",
        "failuregroup_state",
        lambda: (name("failuregroup_state", group().pk), {"state": "acknowledged", "note": WHY}),
    ),
    (
        "group resolved",
        "failuregroup_state",
        lambda: (name("failuregroup_state", group().pk), {"state": "resolved", "note": WHY}),
    ),
    ("group note", "failuregroup_note", lambda: (name("failuregroup_note", group().pk), {"note": WHY, "runbook": ""})),
    (
        "discard",
        "failuregroup_discard",
        lambda: (name("failuregroup_discard", group().pk), {"until": timezone.now().isoformat(), "reason": WHY}),
    ),
    ("bulk preview", "bulk_new", lambda: (name("bulk_new"), {"queue": letter().queue})),
    (
        "bulk start",
        "bulk_start",
        lambda: (name("bulk_start", standing("preview").pk), {**PACE, "stop_percent": 50, "reason": WHY}),
    ),
    ("bulk pause", "bulk_pause", lambda: (name("bulk_pause", standing("running").pk), {"reason": WHY})),
    ("bulk resume", "bulk_resume", lambda: (name("bulk_resume", standing("paused").pk), {"reason": WHY})),
    ("bulk cancel", "bulk_cancel", lambda: (name("bulk_cancel", standing("running").pk), {"reason": WHY})),
    ("export", "bulk_csv", lambda: (name("bulk_csv", standing("running").pk), None)),
    ("pause queue", "queues_pause", lambda: (name("queues_pause", "maintenance"), {"reason": WHY})),
    ("resume queue", "queues_resume", lambda: (name("queues_resume", paused()), {"reason": WHY})),
    ("probe circuit", "queues_probe", lambda: (name("queues_probe", down()), {})),
    ("run now", "queues_run_now_one", lambda: (name("queues_run_now_one", scheduled().pk), {})),
    ("run queue now", "queues_run_now", lambda: (name("queues_run_now", scheduled().queue), {})),
]
#: Addresses at which nothing is done: they show, or refuse what Django's admin would offer.
LOOKS = {"queues_live", "bulk_progress", "failuregroup_live", "failuregroup_live_one"}
REFUSED = ("changelist", "change", "add", "delete", "history")

COMMANDS: list[tuple[str, Callable[[], list[str]]]] = [
    ("retry", lambda: ["dlq", "retry", str(letter().pk)]),
    ("edit", lambda: ["dlq", "edit", str(letter().pk), "--payload", '{"email": "bob@example.com", "copies": 2}']),
    ("discard", lambda: ["dlq", "discard", str(letter().pk)]),
    ("restore", lambda: ["dlq", "restore", str(discarded()[0].pk)]),
    ("reveal", lambda: ["dlq", "show", str(letter().pk), "--reveal"]),
    ("export", lambda: ["dlq", "export", "--queue", letter().queue]),
    ("group acknowledged", lambda: ["dlq", "groups", "--acknowledge", group().pk]),
    ("group resolved", lambda: ["dlq", "groups", "--resolve", group().pk]),
    ("group open", lambda: ["dlq", "groups", "--reopen", _resolved()]),
    ("discard", lambda: ["dlq", "groups", "--discard", group().pk]),
    ("bulk preview", lambda: ["dlq", "preview", "--queue", letter().queue]),
    ("bulk start", lambda: ["dlq", "start", str(standing("preview").pk)]),
    ("bulk start", lambda: ["dlq", "retry", "--queue", letter().queue, "--rate", "50"]),
    ("bulk pause", lambda: ["dlq", "pause", str(standing("running").pk)]),
    ("bulk resume", lambda: ["dlq", "resume", str(standing("paused").pk)]),
    ("bulk cancel", lambda: ["dlq", "cancel", str(standing("running").pk)]),
    ("pause queue", lambda: ["queue", "pause", "maintenance"]),
    ("resume queue", lambda: ["queue", "resume", paused()]),
    ("probe circuit", lambda: ["queue", "try", down()]),
]
COMMANDS_THAT_LOOK = {"list", "operations"}

API: list[tuple[str, str, Callable[[], str], dict[str, Any]]] = [
    ("retry", "failed-task-retry", lambda: f"/failed-tasks/{letter().pk}/retry/", {}),
    ("discard", "failed-task-discard", lambda: f"/failed-tasks/{letter().pk}/discard/", {}),
    ("restore", "failed-task-restore", lambda: f"/failed-tasks/{discarded()[0].pk}/restore/", {}),
    (
        "edit",
        "failed-task-edit",
        lambda: f"/failed-tasks/{letter().pk}/edit/",
        {"payload": {"email": "b@c.org", "copies": 2}},
    ),
    ("reveal", "failed-task-reveal", lambda: f"/failed-tasks/{letter().pk}/reveal/", {}),
    (
        "group acknowledged",
        "failure-group-acknowledge",
        lambda: f"/failure-groups/{group().pk}/acknowledge/",
        {"note": WHY},
    ),
    ("group resolved", "failure-group-resolve", lambda: f"/failure-groups/{group().pk}/resolve/", {"note": WHY}),
    ("bulk preview", "bulk-retries", lambda: _with_a_letter("/bulk-retries/"), {"all": True}),
    ("bulk start", "bulk-retry-start", lambda: f"/bulk-retries/{standing('preview').pk}/start/", PACE),
    ("bulk pause", "bulk-retry-pause", lambda: f"/bulk-retries/{standing('running').pk}/pause/", {}),
    ("bulk resume", "bulk-retry-resume", lambda: f"/bulk-retries/{standing('paused').pk}/resume/", {}),
    ("bulk cancel", "bulk-retry-cancel", lambda: f"/bulk-retries/{standing('running').pk}/cancel/", {}),
    ("pause queue", "queue-pause", lambda: "/queues/maintenance/pause/", {}),
    ("resume queue", "queue-resume", lambda: f"/queues/{paused()}/resume/", {}),
    ("probe circuit", "circuit-probe", lambda: f"/circuits/{down()}/probe/", {}),
]
#: For staff, too, but about orders, which keep their own timeline.
OF_ORDERS = {"order-refunds"}


def _with_a_letter(address: str) -> str:
    letter()
    return address


def _resolved() -> str:
    return actions.set_group_state(fingerprint=group().pk, state="resolved", actor=ANN).pk  # type: ignore[arg-type]


def traces(verb: str) -> list[AuditEntry]:
    """What was done since everything was made ready, which `ann` did."""
    return list(AuditEntry.objects.filter(action=verb).exclude(actor__in=("ann",)))


@pytest.mark.parametrize(("verb", "way", "ready"), ADMIN, ids=[f"{verb}-{way}" for verb, way, _ in ADMIN])
def test_a_deed_in_the_admin_stands_in_the_audit_and_in_djangos_own_log(verb, way, ready, no_broker):
    client = client_with(*EVERY)
    address, data = ready()
    response = client.get(address) if data is None else client.post(address, data)
    assert response.status_code in (200, 302)
    (trace,) = traces(verb)
    assert trace.actor.startswith("user")
    if data and "reason" in data:
        assert trace.reason == WHY
    assert LogEntry.objects.filter(user__username=trace.actor).exists()


@pytest.mark.parametrize(("verb", "ready"), COMMANDS, ids=[verb for verb, _ in COMMANDS])
def test_a_deed_by_command_stands_in_the_audit(verb, ready):
    call_command(*ready(), "--reason", WHY, stdout=io.StringIO())
    (trace,) = traces(verb)
    assert trace.actor.startswith("cli:")
    assert trace.reason == WHY


@pytest.mark.parametrize(("verb", "way", "ready", "body"), API, ids=[way for _, way, _, _ in API])
def test_a_deed_by_the_api_stands_in_the_audit(verb, way, ready, body, no_broker):
    token = token_of(*EVERY, username="olga")
    given = body if "note" in body else {"reason": WHY, **body}
    assert api_post(ready(), json.dumps(given), token=token).status_code in (200, 201)
    (trace,) = traces(verb)
    assert (trace.actor, trace.reason) == ("olga", WHY)


def test_every_verb_of_the_audit_is_proved():
    proved = {verb for verb, *_ in (*ADMIN, *COMMANDS, *API)}
    assert proved == audit.OPERATOR_ACTIONS


def test_every_address_and_action_of_the_desk_is_proved():
    desk = [
        page for model, page in admin.site._registry.items() if model._meta.app_label in ("messaging", "operations")
    ]
    offered = {_short(url) for page in desk for url in page.get_urls() if isinstance(url, URLPattern) and url.name}
    offered = {way for way in offered if way and way.rpartition("_")[2] not in REFUSED} - LOOKS
    offered |= {action for page in desk for action in page.actions or ()}
    assert offered == {way for _, way, _ in ADMIN}


def test_every_command_of_the_desk_is_proved():
    offered = {sub.name for sub in subcommands()}
    lines = [ready() for _, ready in COMMANDS]
    assert offered - COMMANDS_THAT_LOOK == {line[1] for line in lines if line[0] == "dlq"}


def test_every_address_of_the_api_at_which_operators_do_something_is_proved():
    views = {url.name: getattr(url.callback, "view_class", None) for url in api_urls.urlpatterns}
    desk = {way for way, view in views.items() if view and issubclass(view, DeskView)}
    assert {way for way in desk if hasattr(views[way], "post")} - OF_ORDERS == {way for _, way, _, _ in API}


def test_a_verb_that_nobody_proves_is_refused():
    with pytest.raises(audit.UnknownAction):
        audit.record(action="tidy up", actor=ANN)


def test_the_undo_of_a_group_is_told_with_its_group_and_its_messages(no_broker):
    client = client_with(*EVERY)
    first, second = letter(), letter()
    kind, now = first.fingerprint, timezone.now()
    operation, count = actions.discard_group(fingerprint=kind, until=now, actor=ANN, reason="old")
    assert count == 2
    client.post(name("failedtask_undo", operation), {"reason": WHY})
    told = set(LogEntry.objects.values_list("object_id", flat=True))
    assert told == {str(first.pk), str(second.pk), first.fingerprint}
    assert Message.objects.filter(state=State.DEAD).count() == 2


def _short(url: URLPattern) -> str:
    return (url.name or "").removeprefix("operations_").removeprefix("messaging_")
