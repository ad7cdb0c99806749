"""Alerts about new, regressed and growing failures, open circuits, old dead messages and a missing relay.

Each check compares the current conditions with the stored alerts. A new condition is reported once, by log line and
e-mail; a condition that no longer holds is cleared, so that it is reported again when it returns.
"""

import logging
from collections.abc import Iterator
from datetime import timedelta

from django.core.mail import send_mail
from django.db import transaction
from django.db.models import Count, Min, QuerySet
from django.utils import timezone

from messaging.conf import settings
from messaging.models import Circuit, Message
from messaging.operations.models import Alert, FailureGroup, GroupState

log = logging.getLogger(__name__)
RELAY = "relay"
_NEW_FOR = timedelta(days=1)
_MAX_GROUPS = 20


def raise_alerts() -> list[Alert]:
    """Check all conditions but the relay's. Returns the alerts that were sent now."""
    return _update(dict(_conditions()), within=Alert.objects.exclude(key=RELAY))


def watch_relay() -> list[Alert]:
    """Alert on messages overdue for lack of a relay. Called from beat: without a relay, no task would be sent."""
    silence = timedelta(seconds=settings.CONVEYOR_ALERT_RELAY_SECONDS)
    overdue = Message.objects.due(now=timezone.now() - silence).exists()
    text = f"No relay is sending: messages have been due for more than {silence}. Check that a relay is running."
    return _update({RELAY: text} if overdue else {}, within=Alert.objects.filter(key=RELAY))


def _conditions() -> Iterator[tuple[str, str]]:
    now = timezone.now()
    for group in FailureGroup.objects.filter(first_seen__gte=now - _NEW_FOR).order_by("-dead_count")[:_MAX_GROUPS]:
        yield f"new:{group.pk}", f"New failure: {group} ({group.dead_count} dead)."
    for group in FailureGroup.objects.filter(state=GroupState.REGRESSED).order_by("-dead_count")[:_MAX_GROUPS]:
        yield f"regressed:{group.pk}", f"Resolved failure is back: {group} ({group.dead_count} dead)."
    yield from _growing()
    for circuit in Circuit.objects.filter(opened_at__isnull=False):
        since = f"{circuit.opened_at:%Y-%m-%d %H:%M} UTC"
        text = f"{circuit.name} has been unreachable since {since}; its messages are waiting. {circuit.last_error}"
        yield f"circuit:{circuit.name}", text
    oldest = Message.objects.dead().aggregate(at=Min("finished_at"))["at"]
    limit = timedelta(hours=settings.CONVEYOR_ALERT_OLDEST_HOURS)
    if oldest is not None and now - oldest > limit:
        yield "oldest", f"The oldest dead message died at {oldest:%Y-%m-%d %H:%M} UTC, more than {limit} ago."


def _growing() -> Iterator[tuple[str, str]]:
    minutes, bound = settings.CONVEYOR_ALERT_GROWTH_MINUTES, settings.CONVEYOR_ALERT_GROWTH
    recent = Message.objects.dead().filter(finished_at__gte=timezone.now() - timedelta(minutes=minutes))
    counts = recent.order_by().values_list("fingerprint", "task").annotate(count=Count("id")).filter(count__gte=bound)
    for fingerprint, task, count in counts:
        yield f"growth:{fingerprint}", f"{task} is failing often: {count} messages died in the last {minutes} minutes."


def _update(conditions: dict[str, str], *, within: QuerySet[Alert]) -> list[Alert]:
    now = timezone.now()
    with transaction.atomic():
        raised = within.filter(cleared_at=None)
        raised.exclude(key__in=conditions).update(cleared_at=now)
        known = set(raised.values_list("key", flat=True))
        Alert.objects.bulk_create(
            [Alert(key=key, text=text[:500], raised_at=now) for key, text in conditions.items() if key not in known],
            ignore_conflicts=True,
        )
    return _send(within)


def _send(within: QuerySet[Alert]) -> list[Alert]:
    """The process that marks an alert as sent sends it. If the e-mail fails, the next check tries again."""
    sent = []
    for alert in within.filter(sent_at=None, cleared_at=None).order_by("id"):
        if not Alert.objects.filter(pk=alert.pk, sent_at=None).update(sent_at=timezone.now()):
            continue
        log.warning("alert: %s", alert.text)
        try:
            _mail(alert)
        except OSError as error:
            log.error("alert: could not send its e-mail, will try again at the next check: %s", error)
            Alert.objects.filter(pk=alert.pk).update(sent_at=None)
            continue
        sent.append(alert)
    return sent


def _mail(alert: Alert) -> None:
    if settings.CONVEYOR_ALERT_EMAILS:
        body = f"{alert.text}\n\n{settings.CONVEYOR_DESK_URL}\n"
        send_mail(f"[conveyor] {alert.text[:120]}", body, None, settings.CONVEYOR_ALERT_EMAILS)
