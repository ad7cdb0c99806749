"""Alerts: new, regressed and growing failures, circuits, long pauses, overdue messages, a silent relay or beat.

Each check compares the current conditions with the stored alerts. A new condition is reported once: by a log line, and
by an e-mail that is a message of its own in the ledger, so that a mail server that fails or hangs loses no alert. A
condition that no longer holds is cleared, so that it is reported again when it returns.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from copy import copy
from datetime import datetime, timedelta

from celery import current_app
from celery.schedules import BaseSchedule, maybe_schedule
from django.conf import settings as django_settings
from django.core.mail import EmailMessage, get_connection
from django.db.models import Count, Min, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from messaging import clock, outbox, pauses, scheduler
from messaging.conf import settings
from messaging.models import Circuit, Message, PeriodicTask, QueuePause, State, Waits
from messaging.operations.models import Alert, FailureGroup, GroupState
from messaging.operations.payloads import SendAlert
from messaging.recording import outside
from messaging.relay import flow
from messaging.relay.lanes import Room
from messaging.topology import MAX_PRIORITY, PRIORITIES, topology

log = logging.getLogger(__name__)
RELAY = "relay"
MAIL_TIMEOUT = 10
_NEW_FOR = timedelta(days=1)
_MAX_GROUPS = 20
_PAUSED_FOR = timedelta(hours=1)
_MAX_PAUSES = 20
#: Beat is silent if a check that was enqueued this long after beat's last heartbeat runs. After a stop of the whole
#: system, the first check is an old one.
_BEAT_ALONE = timedelta(seconds=30)
#: An entry that beat does not run is overdue for so long. It looks every five seconds.
_SKIPPED_FOR = timedelta(minutes=10)

#: What other apps watch: each yields texts by key.
Source = Callable[[], Iterable[tuple[str, str]]]
_SOURCES: list[Source] = []


def register(source: Source) -> None:
    """Watch the conditions of another app, too. `source` is called every minute, and yields a bounded number."""
    if source not in _SOURCES:
        _SOURCES.append(source)


def conditions(*, enqueued_at: datetime | None = None) -> dict[str, str]:
    """All conditions that hold now but the relay's: texts by key. `enqueued_at` is when this check was."""
    return dict(_conditions(enqueued_at or timezone.now()))


def raise_alerts(conditions: dict[str, str]) -> list[Alert]:
    """Raise an alert for each of `conditions` that has none, and clear the others. Returns the alerts raised now."""
    return _update(conditions, within=Alert.objects.exclude(key=RELAY))


def watch_relay() -> list[Alert]:
    """Check relay and maintenance queue: from beat, since without them no task is sent. Returns the alerts to be sent.

    The alert's own message waits for a relay, too, so the caller should `send` them at once.
    """
    silence = timedelta(seconds=settings.CONVEYOR_ALERT_RELAY_SECONDS)
    text = (
        f"No relay is sending: messages have been due for more than {silence}. Check that a relay is running and that "
        "the broker answers."
    )
    if why := flow.refused().get(topology().maintenance):
        text = f"No periodic task is sent, nor any other alert: {why}."
    relays = Alert.objects.filter(key=RELAY)
    if why or nothing_is_sent(silence):
        _update({RELAY: text}, within=relays)
        return list(relays.filter(cleared_at=None, sent_at=None))
    if relays.filter(cleared_at=None).exists():
        _update({}, within=relays)
    return []


def send(alert: Alert) -> None:
    """Send one alert's e-mail. Raises the mail server's error, after `MAIL_TIMEOUT` seconds if it hangs."""
    if not settings.CONVEYOR_ALERT_EMAILS:
        return
    text = " ".join(alert.text.split())
    if outside.withholds(f"e-mail: {text}"):
        return
    times = f"Raised {clock.text(alert.raised_at)}"
    times += f", cleared {clock.text(alert.cleared_at)}." if alert.cleared_at else "."
    body = f"{text}\n\n{times}\n{settings.CONVEYOR_DESK_URL}\n"
    connection = get_connection(timeout=django_settings.EMAIL_TIMEOUT or MAIL_TIMEOUT)
    EmailMessage(f"[conveyor] {text[:120]}", body, None, settings.CONVEYOR_ALERT_EMAILS, connection=connection).send()


def mark_sent(alert_id: int) -> None:
    Alert.objects.filter(pk=alert_id, sent_at=None).update(sent_at=Now())


def _update(conditions: dict[str, str], *, within: QuerySet[Alert]) -> list[Alert]:
    raised = []
    with outbox.transaction():
        open_alerts = within.filter(cleared_at=None)
        open_alerts.exclude(key__in=conditions).update(cleared_at=Now())
        known = set(open_alerts.values_list("key", flat=True))
        for key in sorted(conditions.keys() - known):  # in one order, so that concurrent checks cannot deadlock
            defaults = {"text": conditions[key][:500], "raised_at": timezone.now()}
            alert, is_new = Alert.objects.get_or_create(key=key, cleared_at=None, defaults=defaults)
            if is_new:
                outbox.enqueue(SendAlert(alert_id=alert.pk))
                raised.append(alert)
    for alert in raised:
        log.warning("alert: %s", alert.text)
    return raised


def _conditions(enqueued_at: datetime) -> Iterator[tuple[str, str]]:
    yield from _failing()
    yield from _growing()
    for circuit in Circuit.objects.filter(opened_at__isnull=False):
        since = clock.text(circuit.opened_at)
        text = f"{circuit.name} has been unreachable since {since}; its messages are waiting. {circuit.last_error}"
        yield f"circuit:{circuit.name}", text
    yield from _waiting_too_long()
    yield from _paused()
    for queue, why in flow.refused().items():
        yield f"refused:{queue}", f"Nothing is sent to queue {queue}: {why}."
    for source in _SOURCES:
        yield from source()
    heartbeat = scheduler.silent_since()
    if heartbeat and enqueued_at - heartbeat > _BEAT_ALONE:
        text = f"Beat has been silent since {clock.text(heartbeat)}: no periodic task is enqueued."
        yield "beat", f"{text} Check that beat is running."
    if not heartbeat:
        yield from _skipped_entries(enqueued_at)


def _skipped_entries(enqueued_at: datetime) -> Iterator[tuple[str, str]]:
    """What beat does not run although it runs itself, such as an entry whose task is not declared any more.

    Entries with a condition are left out: one that has become due may have run last long ago.
    """
    last_runs = dict(PeriodicTask.objects.values_list("name", "last_at"))
    for name, options in current_app.conf.beat_schedule.items():
        period, last_at = options.get("schedule"), last_runs.get(name)
        is_malformed = not isinstance(period, int | float | timedelta | BaseSchedule)
        if last_at is None or is_malformed or options.get("task") in scheduler.CONDITIONS:
            continue
        schedule = copy(maybe_schedule(period))
        schedule.nowfun = lambda: enqueued_at
        if -schedule.remaining_estimate(last_at) > _SKIPPED_FOR:
            text = f'Beat does not run "{name}", which was due after {clock.text(last_at)}.'
            yield f"entry:{name}"[:150], f"{text} Its log says why."


def _failing() -> Iterator[tuple[str, str]]:
    """Groups in an order that other groups do not change, so that none leaves the list and comes back."""
    new = FailureGroup.objects.filter(first_seen__gte=timezone.now() - _NEW_FOR).order_by("-first_seen", "pk")
    for group in new[:_MAX_GROUPS]:
        if group.state == GroupState.OPEN and group.dead_count:
            yield f"new:{group.pk}", f"New failure: {group} ({group.dead_count} dead)."
    for group in FailureGroup.objects.filter(state=GroupState.REGRESSED).order_by("pk")[:_MAX_GROUPS]:
        yield f"regressed:{group.pk}", f"Resolved failure is back: {group} ({group.dead_count} dead)."


def _growing() -> Iterator[tuple[str, str]]:
    minutes, bound = settings.CONVEYOR_ALERT_GROWTH_MINUTES, settings.CONVEYOR_ALERT_GROWTH
    recent = Message.objects.dead().filter(finished_at__gte=timezone.now() - timedelta(minutes=minutes))
    counts = recent.order_by("fingerprint").values_list("fingerprint", "task").annotate(count=Count("id"))
    for fingerprint, task, count in counts.filter(count__gte=bound)[:_MAX_GROUPS]:
        yield f"growth:{fingerprint}", f"{task} is failing often: {count} messages died in the last {minutes} minutes."


def _waiting_too_long() -> Iterator[tuple[str, str]]:
    limit = timedelta(hours=settings.CONVEYOR_ALERT_OLDEST_HOURS)
    oldest = Message.objects.dead().aggregate(at=Min("finished_at"))["at"]
    if oldest is not None and timezone.now() - oldest > limit:
        yield "oldest", f"The oldest dead message died at {clock.text(oldest)}, more than {limit} ago."
    too_new = Message.objects.filter(state=State.PENDING, waits_for__in=Waits.values).exclude(waits_for="")
    waiting = too_new.filter(deferred_since__lt=Now() - limit).values_list("task", flat=True).first()
    if waiting:
        text = f"Messages have waited for a newer worker for more than {limit}, such as {waiting}."
        yield Waits.RELEASE.value, f"{text} Deploy the release that wrote them to the workers."


def _paused() -> Iterator[tuple[str, str]]:
    endless = QueuePause.objects.filter(resumed_at=None, paused_at__lt=timezone.now() - _PAUSED_FOR)
    for pause in endless.order_by("paused_at", "id")[:_MAX_PAUSES]:
        text = f"Queue {pause.queue} has been paused without an end since {clock.text(pause.paused_at)}"
        yield f"pause:{pause.queue}", f"{text} by {pause.paused_by}. Resume it on the queues page."


def nothing_is_sent(silence: timedelta) -> bool:
    """Whether messages are overdue in a queue that may take more, and no queue was sent anything meanwhile.

    A queue that the broker refuses, or that is or was paused meanwhile, may be late, and so may one that has as many
    messages in flight as low ones may fill it with.
    """
    since, now = Now() - silence, timezone.now()
    paused_until, refused = pauses.paused_until(now=now), flow.refused()
    overdue = Message.objects.filter(state=State.PENDING, priority__in=range(MAX_PRIORITY + 1), available_at__lte=since)
    sent, full = Message.objects.filter(state=State.SENT), Room(taken=0).of(min(PRIORITIES))
    late = [
        queue
        for queue in topology().queues
        if paused_until.get(queue, now - 2 * silence) < now - silence
        and overdue.filter(queue=queue).exists()
        and sent.filter(queue=queue)[:full].count() < full
        and queue not in refused
    ]
    if not late or sent.filter(queue__in=topology().queues, sent_at__gt=since).exists():
        return False
    settled = Message.objects.filter(state=State.DONE, finished_at__gt=since, sent_at__gt=since)
    return not settled.exists()
