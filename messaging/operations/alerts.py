"""What should people be told of, and what have they been told already?

A look finds what is the case now. What is new is kept and told once, by a log line and an e-mail; what is no longer the
case is cleared, so that it is told again when it comes back.
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
_MANY = 20


def raise_alerts() -> list[Alert]:
    """Compare what is with what was told, and tell what is new; the alerts that were told now."""
    return _settle(dict(_conditions()), within=Alert.objects.exclude(key=RELAY))


def watch_relay() -> list[Alert]:
    """Is anything overdue because no relay sends it? Asked by beat: a task could not be sent without a relay."""
    silence = timedelta(seconds=settings.CONVEYOR_ALERT_RELAY_SECONDS)
    overdue = Message.objects.due(now=timezone.now() - silence).exists()
    text = f"No relay sends: messages have been due for more than {silence}. Is one running?"
    return _settle({RELAY: text} if overdue else {}, within=Alert.objects.filter(key=RELAY))


def _conditions() -> Iterator[tuple[str, str]]:
    now = timezone.now()
    for group in FailureGroup.objects.filter(first_seen__gte=now - _NEW_FOR).order_by("-dead_count")[:_MANY]:
        yield f"new:{group.pk}", f"A new kind of failure: {group} ({group.dead_count} dead)."
    for group in FailureGroup.objects.filter(state=GroupState.REGRESSED).order_by("-dead_count")[:_MANY]:
        yield f"regressed:{group.pk}", f"It was resolved and fails again: {group} ({group.dead_count} dead)."
    yield from _growing()
    for circuit in Circuit.objects.filter(opened_at__isnull=False):
        since = f"{circuit.opened_at:%Y-%m-%d %H:%M} UTC"
        yield (
            f"circuit:{circuit.name}",
            f"{circuit.name} is down since {since}; its messages wait. {circuit.last_error}",
        )
    oldest = Message.objects.dead().aggregate(at=Min("finished_at"))["at"]
    patience = timedelta(hours=settings.CONVEYOR_ALERT_OLDEST_HOURS)
    if oldest is not None and now - oldest > patience:
        yield "oldest", f"The oldest dead message has waited since {oldest:%Y-%m-%d %H:%M} UTC, over {patience}."


def _growing() -> Iterator[tuple[str, str]]:
    minutes, bound = settings.CONVEYOR_ALERT_GROWTH_MINUTES, settings.CONVEYOR_ALERT_GROWTH
    recent = Message.objects.dead().filter(finished_at__gte=timezone.now() - timedelta(minutes=minutes))
    counts = recent.order_by().values_list("fingerprint", "task").annotate(count=Count("id")).filter(count__gte=bound)
    for fingerprint, task, count in counts:
        yield f"growth:{fingerprint}", f"{task} fails often: {count} died in the last {minutes} minutes."


def _settle(wanted: dict[str, str], *, within: QuerySet[Alert]) -> list[Alert]:
    now = timezone.now()
    with transaction.atomic():
        standing = within.filter(cleared_at=None)
        standing.exclude(key__in=wanted).update(cleared_at=now)
        known = set(standing.values_list("key", flat=True))
        Alert.objects.bulk_create(
            [Alert(key=key, text=text[:500], raised_at=now) for key, text in wanted.items() if key not in known],
            ignore_conflicts=True,
        )
    return _tell(within)


def _tell(within: QuerySet[Alert]) -> list[Alert]:
    """Whoever marks an alert as told tells it; a mail that cannot be sent is tried again at the next look."""
    told = []
    for alert in within.filter(told_at=None, cleared_at=None).order_by("id"):
        if not Alert.objects.filter(pk=alert.pk, told_at=None).update(told_at=timezone.now()):
            continue
        log.warning("alert: %s", alert.text)
        try:
            _mail(alert)
        except OSError as error:
            log.error("alert: its e-mail could not be sent, the next look tries again: %s", error)
            Alert.objects.filter(pk=alert.pk).update(told_at=None)
            continue
        told.append(alert)
    return told


def _mail(alert: Alert) -> None:
    if settings.CONVEYOR_ALERT_EMAILS:
        body = f"{alert.text}\n\n{settings.CONVEYOR_DESK_URL}\n"
        send_mail(f"[conveyor] {alert.text[:120]}", body, None, settings.CONVEYOR_ALERT_EMAILS)
