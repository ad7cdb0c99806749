"""Retention of what visitors leave behind: sessions, guests' baskets, API tokens, records of sign-ins."""

from datetime import timedelta

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.conf import settings
from django.contrib.sessions.models import Session
from django.utils import timezone
from knox.models import AuthToken

from messaging.worker.slices import delete_some
from shop.models import GuestBasket

SIGN_INS_KEPT = timedelta(days=90)


def purge_expired() -> int:
    """Delete a batch of each kind. Returns how many rows: 0 once none is left."""
    now = timezone.now()
    attempts = (AccessAttempt, AccessFailureLog, AccessLog)
    expired = [Session.objects.filter(expire_date__lt=now), AuthToken.objects.filter(expiry__lt=now)]
    expired += [model.objects.filter(attempt_time__lt=now - SIGN_INS_KEPT) for model in attempts]
    abandoned = now - timedelta(seconds=settings.SESSION_COOKIE_AGE)
    expired += [GuestBasket.objects.filter(changed_at__lt=abandoned)]
    return sum(delete_some(rows) for rows in expired)
