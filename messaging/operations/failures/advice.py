"""What an operator should do about a message: the step declared for its error, unless the facts say otherwise.

The same checks as in the preview of a bulk retry, so that advice and preview agree.
"""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from messaging import clock
from messaging.hooks.next_steps import (
    APP_ACTIONS,
    DISCARD,
    EDIT,
    NONE,
    OPEN_SUBJECT,
    RETRY,
    UNEXPECTED,
    NextStep,
    Text,
    step_for,
)
from messaging.models import Message, State, Waits
from messaging.operations.bulk_retry.verdicts import Skip, skips
from messaging.operations.failures import quarantine
from messaging.operations.failures.labels import purged_at
from messaging.operations.models import FailureGroup, SkipReason

RELEASE = "release"
_INVALID = NextStep(
    gettext_lazy("The payload does not match the schema of its task, so a retry fails."),
    gettext_lazy("Edit the payload, which also retries the task, or discard it."),
    EDIT,
)
_NEWER_SUCCEEDED = NextStep(
    gettext_lazy("A newer message of the same task and subject has succeeded."),
    gettext_lazy("Discard this one, unless it is still needed; then retry it."),
    DISCARD,
)
_TOO_NEW = NextStep(
    gettext_lazy("A newer release wrote the payload, which this release cannot read."),
    gettext_lazy("Deploy that release, then retry the task."),
    NONE,
)
_BY_SKIP = {
    SkipReason.NEWER_SUCCEEDED: _NEWER_SUCCEEDED,
    SkipReason.SCHEMA_TOO_NEW: _TOO_NEW,
    SkipReason.SCHEMA_TOO_OLD: _INVALID,
    SkipReason.WRONG_ARGUMENTS: _INVALID,
}


@dataclass(frozen=True, slots=True)
class Advice:
    """`url` is the page of an app's action; empty for the desk's own actions."""

    step: NextStep
    url: str = ""

    @property
    def label(self) -> Text:
        """Of the app's action; empty for the desk's own."""
        return APP_ACTIONS[self.step.action].label if self.url else ""


def advice_for(message: Message) -> Advice:
    return advise([message])[message.pk]


def advise(messages: Sequence[Message]) -> dict[uuid.UUID, Advice]:
    """Advice by message id, in a constant number of statements."""
    dead = [message for message in messages if message.state == State.DEAD]
    skipped = skips(dead)
    steps = {message.pk: _settled_step(message) for message in messages if message.state != State.DEAD}
    steps |= {message.pk: _dead_step(message, skipped.get(message.pk)) for message in dead}
    return {message.pk: Advice(steps[message.pk]) for message in messages} | _with_pages(messages, steps)


def step_of_group(group: FailureGroup) -> NextStep:
    """The declared step of the group's error."""
    return step_for(group.error_type) or UNEXPECTED


def _dead_step(message: Message, skip: Skip | None) -> NextStep:
    if quarantine.is_quarantined(message):
        return _quarantined_step(message)
    if skip and skip.reason in _BY_SKIP:
        return _BY_SKIP[skip.reason]
    if skip and skip.reason == SkipReason.ALREADY_DONE:
        meaning = _("Its work is done already: %(what)s.") % {"what": skip.detail}
        return NextStep(meaning, _("Discard it."), DISCARD)
    if skip and skip.reason == SkipReason.UNKNOWN_TASK:
        return _unknown_task(message)
    return step_for(message.error_type) or UNEXPECTED


def _unknown_task(message: Message) -> NextStep:
    meaning = _("No worker of this release knows the task %(task)s.") % {"task": message.task}
    if message.error_type == "UnknownTask":
        advice = _("It is retried by itself once a worker knows the task. Discard it if none ever will.")
        return NextStep(meaning, advice, NONE)
    return NextStep(meaning, _("Deploy a release that knows it, then retry it; or discard it."), NONE)


def _quarantined_step(message: Message) -> NextStep:
    """An action that changes something comes first; a retry does not."""
    declared, meaning = step_for(message.error_type) or UNEXPECTED, quarantine.sentence(message)
    if declared.action in (EDIT, DISCARD, OPEN_SUBJECT) or declared.action in APP_ACTIONS:
        return replace(declared, meaning=f"{meaning} {declared.meaning}")
    text = _("Find out why retries do not help. Once that is fixed, release it; or edit its payload, or discard it.")
    return NextStep(meaning, text, RELEASE)


def _settled_step(message: Message) -> NextStep:
    return NextStep(pgettext("next step", "None."), _settled_text(message), NONE)


def _settled_text(message: Message) -> str:
    if message.state == State.PENDING:
        return _pending_text(message)
    if message.state == State.SENT:
        return _("It was sent, and no worker has reported its result yet.")
    if message.state == State.DISCARDED:
        text = _("It was discarded and is deleted permanently on %(at)s. You can restore it until then.")
        return text % {"at": clock.text(purged_at(message))}
    return _("It succeeded.")


def _pending_text(message: Message) -> str:
    at = {"at": clock.text(message.available_at)}
    if message.waits_for in Waits:
        worker = Waits(message.waits_for).label
        return _("It waits for %(worker)s and is tried again at %(at)s.") % {**at, "worker": worker}
    if message.waits_for:
        return _("It is sent once %(system)s is reachable again.") % {"system": message.waits_for}
    return _("It is scheduled for %(at)s.") % at


def _with_pages(messages: Iterable[Message], steps: dict[uuid.UUID, NextStep]) -> dict[uuid.UUID, Advice]:
    """Advice with the page of its app's action. Where that is no longer possible, its subject has changed since."""
    by_action: dict[str, list[Message]] = defaultdict(list)
    for message in messages:
        if steps[message.pk].action in APP_ACTIONS:
            by_action[steps[message.pk].action].append(message)
    found: dict[uuid.UUID, Advice] = {}
    for action, wanted in by_action.items():
        urls = APP_ACTIONS[action].pages(wanted)
        for message in wanted:
            url = urls.get(message.pk, "")
            found[message.pk] = Advice(steps[message.pk], url) if url else Advice(_changed_since(message))
    return found


def _changed_since(message: Message) -> NextStep:
    meaning = _("Its subject has changed since: what this error asks for is no longer possible.")
    advice = _("Retry it, which does only what is still needed; or discard it.")
    return NextStep(meaning, advice, RELEASE if quarantine.is_quarantined(message) else RETRY)
