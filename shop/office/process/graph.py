"""The graph of one order's process: each step with its state and its messages."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from messaging import circuit_breaker
from messaging.hooks.next_steps import OPEN_GROUP, RETRY
from messaging.models import LIVE_STATES, Message, QueuePause, State, Waits
from messaging.operations.failures.advice import Advice, advise
from orders.models import EmailDelivery, Order, Source, Status
from shop.office.process.definition import STEPS, Step, ranks

_CLOSED = frozenset({Status.CANCELLED, Status.REFUNDED})


class StepState(Enum):
    """`NOT_NEEDED`: the order ended before it. `UNRECORDED`: its messages are deleted, and nothing else tells."""

    DONE = "done"
    UNDER_WAY = "under_way"
    WAITING = "waiting"
    DEAD = "dead"
    DISCARDED = "discarded"
    NOT_NEEDED = "not_needed"
    UNRECORDED = "unrecorded"

    @property
    def label(self) -> Promise:
        return _LABELS[self]


_LABELS = {
    StepState.DONE: gettext_lazy("done"),
    StepState.UNDER_WAY: gettext_lazy("under way"),
    StepState.WAITING: gettext_lazy("waiting"),
    StepState.DEAD: gettext_lazy("dead"),
    StepState.DISCARDED: gettext_lazy("discarded"),
    StepState.NOT_NEEDED: gettext_lazy("not needed"),
    StepState.UNRECORDED: gettext_lazy("no record"),
}
#: Signs beside the words, so that colour is never the only cue.
_SIGNS = {StepState.DONE: "✓", StepState.UNDER_WAY: "▶", StepState.WAITING: "…", StepState.DEAD: "✗"}


@dataclass(frozen=True, slots=True)
class Hold:
    """What a due message waits for."""

    reason: str
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Node:
    """A step of one order. `message` decides its state; `earlier` is how many others it had before.

    `hold` says what keeps it waiting, and `advice` what to do about a dead one.
    """

    step: Step
    state: StepState
    message: Message | None = None
    earlier: int = 0
    hold: Hold | None = None
    advice: Advice | None = None

    @property
    def can_resume(self) -> bool:
        """Whether it is dead and a retry can help."""
        return self.advice is not None and self.advice.step.action in (RETRY, OPEN_GROUP) and not self.advice.url

    @property
    def sign(self) -> str:
        return _SIGNS.get(self.state, "–")

    @property
    def after(self) -> Promise | None:
        """The step that it waits for."""
        return next((step.label for step in STEPS if step.key == self.step.after), None)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the order itself tells about steps whose messages are deleted, or not yet there."""

    status: Status
    emails: frozenset[str]
    is_emailed: bool

    def expects(self, step: Step) -> bool:
        """Imports are history: nobody is e-mailed about them."""
        return step.is_expected and (self.is_emailed or not step.emails)

    def proves(self, step: Step) -> bool:
        return self.status in step.proves or not self.emails.isdisjoint(step.emails)


def evidence_of(*, order: Order, emails: Collection[EmailDelivery]) -> Evidence:
    sent = frozenset(email.kind for email in emails if email.state == EmailDelivery.State.SENT)
    return Evidence(Status(order.status), sent, is_emailed=order.source != Source.IMPORT)


def graph(
    messages: Sequence[Message], *, evidence: Evidence, paused: Mapping[str, QueuePause], now: datetime
) -> list[list[Node]]:
    """The steps in ranks: each rank waits for one before it. `messages` are the order's, oldest first.

    `paused` has the pauses in force, by queue.
    """
    holds = {message.pk: hold for message in messages if (hold := _hold(message, paused, now))}
    nodes: dict[str, Node] = {}
    for rank in ranks():
        for step in rank:
            own = [message for message in messages if step.has(message)]
            if own or evidence.expects(step):
                nodes[step.key] = _node(step, own, nodes.get(step.after), evidence, holds, now)
    dead = [node.message for node in nodes.values() if node.state is StepState.DEAD and node.message]
    advice = advise(dead) if dead else {}
    nodes = {key: replace(n, advice=advice.get(n.message.pk) if n.message else None) for key, n in nodes.items()}
    found = [[nodes[step.key] for step in rank if step.key in nodes] for rank in ranks()]
    return [rank for rank in found if rank]


def _hold(message: Message, paused: Mapping[str, QueuePause], now: datetime) -> Hold | None:
    pause = paused.get(message.queue)
    if message.state == State.PENDING and message.waits_for in Waits:
        return Hold(_("it needs %(what)s") % {"what": Waits(message.waits_for).label}, message.deferred_since)
    if message.state == State.PENDING and message.waits_for:
        system = circuit_breaker.labels().get(message.waits_for, message.waits_for)
        return Hold(_("%(system)s is unreachable") % {"system": system}, message.deferred_since)
    if pause and message.state in LIVE_STATES and message.available_at <= now:
        since = max(pause.paused_at, message.available_at)
        return Hold(_("the queue %(queue)s is paused") % {"queue": message.queue}, since)
    return None


def _node(
    step: Step,
    messages: Sequence[Message],
    before: Node | None,
    evidence: Evidence,
    holds: Mapping[UUID, Hold],
    now: datetime,
) -> Node:
    if not messages:
        return Node(step, _without_message(step, before, evidence))
    message = _deciding(messages)
    hold = holds.get(message.pk)
    state = StepState.WAITING if hold else _state_of(message, now)
    return Node(step, state, message, len(messages) - 1, hold)


def _deciding(messages: Sequence[Message]) -> Message:
    """The last one, unless an earlier one is dead and nothing has succeeded since."""
    last = messages[-1]
    if last.state == State.DONE:
        return last
    return next((message for message in reversed(messages) if message.state == State.DEAD), last)


def _state_of(message: Message, now: datetime) -> StepState:
    if message.state == State.PENDING and message.available_at > now:
        return StepState.WAITING
    return {
        State.PENDING: StepState.UNDER_WAY,
        State.SENT: StepState.UNDER_WAY,
        State.DONE: StepState.DONE,
        State.DEAD: StepState.DEAD,
        State.DISCARDED: StepState.DISCARDED,
    }[State(message.state)]


def _without_message(step: Step, before: Node | None, evidence: Evidence) -> StepState:
    if evidence.proves(step):
        return StepState.DONE
    if evidence.status in _CLOSED or (before and before.state is StepState.NOT_NEEDED):
        return StepState.NOT_NEEDED
    if before and before.message is None and before.state is StepState.DONE:
        return StepState.UNRECORDED
    return StepState.WAITING
