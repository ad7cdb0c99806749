"""Buttons of a failed task: first the one that its next step names, then the others that are possible."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from messaging.hooks import subject_links
from messaging.hooks.next_steps import APP_ACTIONS, DISCARD, EDIT, OPEN_GROUP, OPEN_SUBJECT, RETRY
from messaging.models import Message, State
from messaging.operations import permissions
from messaging.operations.actions.dry_runs import may_end_process
from messaging.operations.failures import quarantine
from messaging.operations.failures.advice import RELEASE, Advice
from messaging.operations.failures.labels import task_of
from messaging.operations.permissions import Actor
from messaging.payloads import payload_for
from messaging.transitions import cannot_revive


@dataclass(frozen=True, slots=True)
class Button:
    """`posts`: it is a form, otherwise a link."""

    action: str
    label: Any
    url: str
    posts: bool = False
    is_first: bool = False

    def in_list(self) -> SafeString:
        """The list is one form already; `formaction` posts it to the row's own URL."""
        if not self.posts:
            return format_html('<a class="button desk-retry" href="{}">{}</a>', self.url, self.label)
        return format_html(
            '<button class="button desk-retry" type="submit" formaction="{}" formmethod="post">{}</button>',
            self.url, self.label,
        )  # fmt: skip


def buttons_of(message: Message, advice: Advice, *, user: Any) -> list[Button]:
    """What this user may do, the next step first. A retry comes first only where it can help."""
    first = _first_button(message, advice, user=user)
    others = (button for button in _possible(message, Actor.of(user)) if first is None or button.action != first.action)
    return [*([first] if first else ()), *others]


def _first_button(message: Message, advice: Advice, *, user: Any) -> Button | None:
    """The button of the next step; None if there is none, or the user may not do it."""
    action = advice.step.action
    if advice.url:
        app = APP_ACTIONS[action]
        return Button(action, app.label, advice.url, is_first=True) if user.has_perm(app.permission) else None
    if message.state != State.DEAD:
        return None
    found = _link(message, action) or next((b for b in _possible(message, Actor.of(user)) if b.action == action), None)
    return Button(found.action, found.label, found.url, found.posts, is_first=True) if found else None


def _link(message: Message, action: str) -> Button | None:
    if action == OPEN_GROUP and message.fingerprint:
        url = reverse("admin:operations_failuregroup_change", args=[message.fingerprint])
        return Button(action, _("Open group"), url)
    if action == OPEN_SUBJECT and (subject := subject_links.url_for(message.subject)):
        return Button(action, _("Open %(subject)s") % {"subject": message.subject}, subject)
    return None


def _possible(message: Message, actor: Actor) -> Iterator[Button]:
    if message.state == State.DISCARDED and actor.may(permissions.DISCARD):
        yield Button("restore", _("Restore"), _url(message, "restore"), posts=True)
    if message.state != State.DEAD:
        return
    if actor.may(permissions.RETRY) and cannot_revive(message) is None:
        yield Button(RETRY, _("Retry task"), _url(message, "retry"), posts=True)
    if actor.may(permissions.RETRY) and payload_for(message.task) is not None and not may_end_process(message):
        yield Button("dry_run", _("Dry run: would it pass now?"), _url(message, "dry_run"), posts=True)
    if actor.may(permissions.RETRY) and quarantine.is_quarantined(message):
        yield Button(RELEASE, _("Release from quarantine"), _url(message, "release"), posts=True)
    if actor.may(permissions.EDIT) and payload_for(task_of(message)) is not None:
        yield Button(EDIT, _("Edit and retry"), _url(message, "edit"))
    if actor.may(permissions.DISCARD):
        yield Button(DISCARD, _("Discard task"), _url(message, "discard"))


def _url(message: Message, name: str) -> str:
    return reverse(f"admin:operations_failedtask_{name}", args=[message.pk])
