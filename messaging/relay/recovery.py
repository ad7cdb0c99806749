"""Recovery: makes messages due again that were sent and that neither the broker nor a worker holds any more.

A row in state `sent` for longer than the visibility timeout is a suspect. On Redis its id is looked for. AMQP only
counts: suspects are lost if the queue is empty and no worker names them. A queue that holds fewer messages than the
ledger expects, for longer than the visibility timeout, is `draining`: only urgent messages may be added until it is
empty.

Two bounds: a consumer that does not answer may hold any message, and is waited for `MAX_TIMEOUTS` visibility timeouts;
a draining that finds nothing ends after as many. Then the count starts over.

Promotion: a message that waited at the broker for longer than `CONVEYOR_MAX_WAIT` while later ones were finished is
made due again, once. AMQP keeps the waiting copy, which has no effect when its turn comes.

Rows of a paused queue are left alone, and get the full visibility timeout again after a resume.
"""

import logging
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from celery import Celery
from django.db.models.functions import Now
from kombu import Connection

from messaging import pauses
from messaging.broker import holders
from messaging.broker.holders import Held
from messaging.conf import settings
from messaging.models import Message, MessageQuerySet, State
from messaging.topology import Priority, topology

log = logging.getLogger(__name__)
MAX_TIMEOUTS = 10
#: Rows that become due again in one round.
BATCH = 1000
#: A queue that holds more is not looked through: its length explains every row.
LONG_QUEUE = 10_000
#: While nothing is lost, the broker and the workers are asked this often in one visibility timeout.
LOOKS = 12
#: Messages finished within these seconds show that the queue is worked on.
RECENT = timedelta(seconds=10)
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Finding:
    """What was sent before this time and is not held is lost."""

    before: datetime
    held: frozenset[uuid.UUID]


class Recovery:
    """Recovery of one relay, with what it saw in earlier rounds.

    `draining`: queues of which only messages of high priority may be claimed.
    """

    def __init__(self) -> None:
        self.draining: frozenset[str] = frozenset()
        self._findings: dict[str, Finding] = {}
        self._since: dict[tuple[str, str], float] = {}
        self._next_look = 0.0

    def run(self, connection: Connection, app: Celery) -> int:
        """One round, to be called about once a second. Returns how many rows became due again.

        Raises the connection's errors if the broker is down.
        """
        if restored := holders.restore_overdue(connection, limit=BATCH):
            log.warning("%s messages that workers held for too long are back in their queues", restored)
        now = next(iter(Message.objects.filter(state=State.SENT).values_list(Now(), flat=True)[:1]), None)
        waiting = self._waiting(now) if now else []
        self._forget_all_but(waiting)
        if now is None or not waiting:
            return 0
        promoted: dict[str, int] = {}
        if time.monotonic() >= self._next_look or self.draining:
            self._next_look = time.monotonic() + settings.CONVEYOR_VISIBILITY / LOOKS
            for queue, held in holders.look(connection, app, waiting, limit=LONG_QUEUE).items():
                self._judge(queue, held, now)
                promoted[queue] = _promote(connection, queue, held, now)
        lost = self._send_again()
        _report("lost by the broker or by workers", lost)
        _report(f"waited at the broker for more than {settings.CONVEYOR_MAX_WAIT:g} s", promoted)
        total = sum(lost.values()) + sum(promoted.values())
        if total:
            self._next_look = 0.0
        return total

    def _waiting(self, now: datetime) -> list[str]:
        """Open queues with rows in flight for so long that recovery asks for them."""
        timeout = timedelta(seconds=settings.CONVEYOR_VISIBILITY)
        oldest = now - min(timeout, timedelta(seconds=settings.CONVEYOR_MAX_WAIT))
        paused_until = pauses.paused_until(now=now)
        queues = [queue for queue in topology().queues if paused_until.get(queue, _NEVER) <= now - timeout]
        return [queue for queue in queues if _in_flight(queue, before=oldest).exists()]

    def _forget_all_but(self, queues: list[str]) -> None:
        self._findings = {queue: finding for queue, finding in self._findings.items() if queue in queues}
        self._since = {key: since for key, since in self._since.items() if key[1] in queues}
        self.draining &= frozenset(queues)

    def _judge(self, queue: str, held: Held, now: datetime) -> None:
        timeout = settings.CONVEYOR_VISIBILITY
        silence = self._seconds("silent", queue, lasts=not held.complete)
        if not held.complete and silence <= MAX_TIMEOUTS * timeout:
            return
        if held.ready == 0:
            if silence:
                log.warning("%s: a consumer has not said for %.0f s what it holds; not waiting longer", queue, silence)
            self._findings[queue] = Finding(now - timedelta(seconds=timeout), held.ids)
            self._seconds("silent", queue, lasts=False)
        short = self._seconds("short", queue, lasts=held.ready > 0 and _is_short(queue, held, now))
        if short > (1 + MAX_TIMEOUTS) * timeout:
            short = self._seconds("short", queue, lasts=False)
        if (queue in self.draining) != (short > timeout):
            log.info("%s: %s", queue, "messages are lost; draining it to find which" if short else "no longer draining")
            self.draining ^= {queue}

    def _seconds(self, what: str, queue: str, *, lasts: bool) -> float:
        """For how long a condition has lasted, seen at every look."""
        if not lasts:
            self._since.pop((what, queue), None)
            return 0.0
        return time.monotonic() - self._since.setdefault((what, queue), time.monotonic())

    def _send_again(self) -> dict[str, int]:
        """Make the next batch of lost rows due, each queue in one short UPDATE."""
        sent_again: dict[str, int] = {}
        room = BATCH // max(1, len(self._findings))
        for queue, finding in list(self._findings.items()):
            rows = _in_flight(queue, before=finding.before)
            ids = rows.order_by("-priority", "-sent_at").values_list("pk", flat=True)[: room + len(finding.held)]
            lost = [pk for pk in ids if pk not in finding.held][:room]
            if len(lost) < room:
                del self._findings[queue]
            sent_again[queue] = rows.filter(pk__in=lost).update(state=State.PENDING, available_at=Now()) if lost else 0
        return sent_again


def _in_flight(queue: str, *, before: datetime) -> MessageQuerySet:
    return Message.objects.filter(state=State.SENT, queue=queue, sent_at__lt=before)


def _is_short(queue: str, held: Held, now: datetime) -> bool:
    """Whether fewer messages are ready than rows are in flight that no worker holds."""
    rows = _in_flight(queue, before=now).values_list("pk", flat=True)[: held.ready + len(held.ids) + 1]
    return sum(pk not in held.ids for pk in rows) > held.ready


def _promote(connection: Connection, queue: str, held: Held, now: datetime) -> int:
    """Make messages due that more urgent ones overtake: a tenth of what the queue finishes, the longest waiting first.

    Rows keep their due time, so that the next claims take them early.
    """
    max_wait = timedelta(seconds=settings.CONVEYOR_MAX_WAIT)
    late = _in_flight(queue, before=now - max_wait).filter(priority__lt=Priority.HIGH, is_promoted=False)
    if not late.exists():
        return 0
    done = Message.objects.filter(state=State.DONE, queue=queue, finished_at__gt=now - RECENT)
    sent_times = [sent_at for sent_at in done.values_list("sent_at", flat=True)[:BATCH] if sent_at]
    if not sent_times:
        return 0
    overtaken = late.filter(sent_at__lt=max(sent_times)).order_by("sent_at").values_list("pk", flat=True)
    waiting = holders.withdraw(connection, queue, set(overtaken[: max(1, len(sent_times) // 100)]), held)
    return late.filter(pk__in=waiting).update(state=State.PENDING, is_promoted=True)


def _report(what: str, counts: dict[str, int]) -> None:
    if any(counts.values()):
        each = ", ".join(f"{count} of {queue}" for queue, count in counts.items() if count)
        log.warning("messages are sent again, %s: %s", what, each)
