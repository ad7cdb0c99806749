"""Retention of what signing in leaves behind: sessions, API tokens, records of attempts."""

from datetime import timedelta

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib.sessions.models import Session
from django.utils import timezone
from knox.models import AuthToken

from messaging.worker.slices import delete_some

SIGN_INS_KEPT = timedelta(days=90)


def purge_expired() -> int:
    """Delete a batch of each kind. Returns how many rows: 0 once none is left."""
    now = timezone.now()
    attempts = (AccessAttempt, AccessFailureLog, AccessLog)
    expired = [Session.objects.filter(expire_date__lt=now), AuthToken.objects.filter(expiry__lt=now)]
    expired += [model.objects.filter(attempt_time__lt=now - SIGN_INS_KEPT) for model in attempts]
    return sum(delete_some(rows) for rows in expired)
