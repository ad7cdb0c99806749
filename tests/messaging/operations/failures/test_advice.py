"""Advice: the declared step of an error, unless the facts say otherwise; the same on pages, in API and command."""

import json
import uuid
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from messaging import outbox, transitions
from messaging.hooks import already_done, next_steps
from messaging.hooks.next_steps import AppAction, NextStep, register, register_action
from messaging.models import Message, State, Waits
from messaging.operations import actions
from messaging.operations.failures.advice import advice_for, advise
from messaging.operations.failures.labels import summary_of
from messaging.operations.models import FailureGroup, GroupState
from messaging.operations.permissions import Actor
from messaging.transitions.failure import synthetic_failure
from shipping.payloads import CreateShipment
from tests.api.client import get, token_of
from tests.factories import client_with
from tests.messaging.deliver import deliver, send
from tests.messaging.operations.desk import ALL_PERMISSIONS, GROUPS, LIST, body, dead, page_url
from tests.messaging.samples import Sample

pytestmark = pytest.mark.django_db(transaction=True)
GATEWAY = "payments.gateways.base.GatewayUnavailable"
REPAIR = "tests_repair"


@pytest.fixture
def operator():
    return client_with(*ALL_PERMISSIONS)


@pytest.fixture
def repairable(monkeypatch):
    """An error whose step opens a page of an app, which it has for messages about CV-1 only."""
    monkeypatch.setattr(next_steps, "_STEPS", dict(next_steps._STEPS))
    monkeypatch.setattr(next_steps, "APP_ACTIONS", shared := dict(next_steps.APP_ACTIONS))
    for module in ("failures.advice", "admin.buttons"):
        monkeypatch.setattr(f"messaging.operations.{module}.APP_ACTIONS", shared)
    register("Broken", step=NextStep("It is broken.", "Repair it.", REPAIR))
    pages = lambda messages: {m.pk: f"/repair/{m.subject}/" for m in messages if m.subject == "CV-1"}  # noqa: E731
    register_action(REPAIR, AppAction("Repair order", "operations.view_failedtask", pages))


def failed(error: str = "Bug", *, subject: str = "CV-1", text: str = "ok") -> Message:
    with outbox.transaction():
        message = outbox.enqueue(Sample(text=text), subject=subject)
    failure = synthetic_failure(error, "broken", task=message.task)
    transitions.bury(message_id=message.pk, sends=send(message).sends, failure=failure)
    message.refresh_from_db()
    return message


def action_of(message: Message) -> str:
    return advice_for(message).step.action


def test_an_error_without_a_step_is_unexpected_and_sends_to_its_group(operator):
    message = failed()
    assert advice_for(message).step == next_steps.UNEXPECTED
    page = body(operator.get(page_url(message)))
    assert page.index("Open group</a>") < page.index("Retry task</button>")
    assert 'class="button default"' in page.split("Open group</a>")[0].rpartition("<a")[2]


def test_a_retry_comes_first_where_it_can_help(operator):
    message = failed(GATEWAY)
    page = body(operator.get(page_url(message)))
    assert "button default" in page.split("Retry task</button>")[0].rpartition("<button")[2]
    assert "Retry task</button>" in body(operator.get(LIST))


def test_the_step_opens_the_page_of_its_app(operator, repairable):
    message = failed("Broken")
    for shown in (body(operator.get(page_url(message))), body(operator.get(LIST))):
        assert 'href="/repair/CV-1/">Repair order</a>' in shown
        assert "Repair it." in shown


def test_a_page_that_is_no_longer_there_is_not_offered(operator, repairable):
    message = failed("Broken", subject="CV-2")
    assert action_of(message) == "retry"
    shown = body(operator.get(page_url(message)))
    assert "/repair/" not in shown
    assert "Its subject has changed since" in shown


def test_a_button_needs_its_permission(repairable):
    message = failed("Broken")
    viewer = client_with("retry_message")
    assert "Repair order" not in body(viewer.get(LIST))
    assert "Repair order" in body(client_with("view_failedtask").get(page_url(message)))


def test_a_payload_that_does_not_fit_is_to_be_edited():
    message = failed("WorkerLost")
    Message.objects.filter(pk=message.pk).update(payload={"odd": 1})
    message.refresh_from_db()
    assert action_of(message) == "edit"


def test_a_newer_success_makes_it_superfluous():
    message = failed("WorkerLost")
    with outbox.transaction():
        newer = outbox.enqueue(Sample(text="ok"), subject="CV-1")
    assert deliver(newer).state == State.DONE
    assert action_of(message) == "discard"


def test_what_is_done_already_is_to_be_discarded(monkeypatch):
    monkeypatch.setitem(already_done._CHECKS, Sample.task, lambda payloads: dict.fromkeys(payloads, "it is printed"))
    step = advice_for(failed("WorkerLost")).step
    assert (step.action, step.text) == ("discard", "Its work is done already: it is printed. Discard it.")


def test_an_unknown_task_is_retried_by_itself():
    failure = synthetic_failure("UnknownTask", "none", task="no.such")
    transitions.file_stray(message_id=uuid.uuid4(), failure=failure, queue="payments", task="no.such", payload={})
    step = advice_for(Message.objects.get()).step
    assert step.text.startswith("No worker of this release knows the task no.such. It is retried by itself once a")
    assert step.action == "none"


def test_the_list_shows_the_first_button_of_the_page(operator):
    failure = synthetic_failure("UnknownTask", "none", task="no.such")
    transitions.file_stray(message_id=uuid.uuid4(), failure=failure, queue="payments", task="no.such", payload={})
    message = Message.objects.get()
    on_page = body(operator.get(page_url(message))).split('class="desk-verbs"')[1].split("</div>")[0]
    assert on_page.index("Discard task</a>") == on_page.index("</a>") - len("Discard task")
    assert f'href="{page_url(message, "discard")}">Discard task</a>' in body(operator.get(LIST))


def test_a_known_error_of_a_task_that_was_removed_waits_for_a_deployment():
    message = failed()
    Message.objects.filter(pk=message.pk).update(task="tests.removed")
    message.refresh_from_db()
    assert "Deploy a release that knows it, then retry it" in advice_for(message).step.text


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"state": State.SENT}, "no worker has reported its result yet"),
        ({"state": State.DONE}, "It succeeded"),
        ({"state": State.DISCARDED}, "You can restore it until then"),
        ({"state": State.PENDING}, "It is scheduled for"),
        ({"state": State.PENDING, "waits_for": Waits.RELEASE}, "It waits for a worker of a newer release"),
        ({"state": State.PENDING, "waits_for": "gateway.x"}, "It is sent once gateway.x is reachable again"),
    ],
)
def test_nothing_is_to_be_done_about_a_message_that_is_not_dead(changes, text):
    message = failed()
    Message.objects.filter(pk=message.pk).update(**changes, finished_at=timezone.now() - timedelta(days=1))
    message.refresh_from_db()
    step = advice_for(message).step
    assert step.action == "none"
    assert text in step.text


@pytest.mark.parametrize("error", ["Bug", "WorkerLost", GATEWAY])
def test_one_attempt_is_never_called_exhausted_retries(operator, error):
    shown = body(operator.get(page_url(failed(error))))
    assert "exhausted" not in shown
    assert "did not seem" not in shown


def test_api_and_command_show_the_same_step(capsys):
    message = failed("WorkerLost")
    token = token_of("view_failedtask")
    expected = advice_for(message).step.as_dict()
    assert set(expected) == {"text", "action"}
    (listed,) = get("/failed-tasks/", token=token).json()["results"]
    assert listed["next_step"] == expected
    assert get(f"/failed-tasks/{message.pk}/", token=token).json()["next_step"] == expected
    (group,) = get("/failure-groups/", token=token).json()["results"]
    assert group["next_step"] == expected
    call_command("dlq", "show", str(message.pk), "--json")
    assert json.loads(capsys.readouterr().out)["next_step"] == expected
    call_command("dlq", "groups", "--json")
    assert json.loads(capsys.readouterr().out)["results"][0]["next_step"] == expected


@pytest.mark.parametrize(
    ("error", "first"),
    [
        (GATEWAY, "Retry this group"),
        ("WorkerLost", "Retry this group"),
        ("UndecodableMessage", "Discard this group"),
        ("CannotPublish", "Show failed tasks"),
        ("Bug", "Retry this group"),
        ("UnknownTask", ""),
    ],
)
def test_a_group_shows_its_step_and_offers_its_button_first(operator, error, first):
    group = FailureGroup.objects.get(pk=failed(error).fingerprint)
    page = body(operator.get(f"{GROUPS}{group.pk}/change/"))
    assert "Next step:" in page
    buttons = page.split("Next step:")[1].split("</section>")[0]
    defaults = [part.split("</a>")[0].rpartition(">")[2] for part in buttons.split("button default")[1:]]
    assert defaults == ([first] if first else [])


@pytest.mark.parametrize("state", [GroupState.OPEN, GroupState.ACKNOWLEDGED, GroupState.REGRESSED])
def test_a_group_with_nothing_dead_is_to_be_resolved_by_its_first_button(operator, state):
    group = FailureGroup.objects.get(pk=(message := failed()).fingerprint)
    actions.discard(ids=[message.pk], actor=Actor.system("ann"), reason="a test")
    FailureGroup.objects.update(state=state)
    page = body(operator.get(f"{GROUPS}{group.pk}/change/"))
    assert "None of its tasks is dead any more. Resolve the group once" in page
    assert "then retry the group" not in page
    first = page.split("Next step:")[1].split("<button")[1].split("</button>")[0]
    assert first.endswith(">Resolve group")
    assert 'class="button default"' in first
    assert page.count(">Resolve group<") == 1
    form = page.split('id="desk-group-state"')[1].split("</form>")[0]
    assert 'form="desk-group-state"' in first
    assert f'action="{GROUPS}{group.pk}/state/"' in form
    assert "csrfmiddlewaretoken" in form
    operator.post(f"{GROUPS}{group.pk}/state/", {"state": "resolved"})
    page = body(operator.get(f"{GROUPS}{group.pk}/change/"))
    assert "None. None of its tasks is dead any more." in page
    assert "Resolve group" not in page
    viewer = client_with("view_failuregroup", "view_failedtask")
    FailureGroup.objects.update(state=state)
    assert "Resolve group" not in body(viewer.get(f"{GROUPS}{group.pk}/change/"))


def test_advice_takes_a_constant_number_of_statements(django_assert_max_num_queries):
    messages = [dead(f"CV-{number}") for number in range(12)]
    with django_assert_max_num_queries(2):
        assert len(advise(messages)) == 12


def test_a_task_that_has_succeeded_is_no_failure():
    message = failed("WorkerLost")
    message.state = State.DONE
    assert summary_of(message).endswith(" succeeded. Failed attempts: 1, most recently WorkerLost.")


@pytest.mark.parametrize("number", [2**63, 10**40, -(10**40)])
def test_a_number_that_no_database_stores_closes_no_page(operator, number):
    """As of an edit: the list and the page of every failed task were answered 400 on SQLite."""
    message = failed()
    Message.objects.filter(pk=message.pk).update(task=CreateShipment.task, payload={"order_id": number})
    for url in (LIST, page_url(message)):
        assert operator.get(url).status_code == 200
    assert get(f"/failed-tasks/{message.pk}/", token=token_of("view_failedtask", username="olga")).status_code == 200


def test_a_statement_of_a_check_that_the_database_refuses_is_no_answer(monkeypatch):
    def check(payloads):
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO messaging_message SELECT * FROM messaging_message")

    monkeypatch.setattr(already_done, "_CHECKS", {Sample.task: check})
    assert action_of(failed()) == advice_for(failed()).step.action
