"""Retention of sessions, baskets, API tokens, sign-ins, idempotency keys, e-mails, gateway events, and invoices."""

from datetime import datetime, timedelta

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from knox.models import AuthToken

from messaging.models import Message
from messaging.worker.slices import ROWS, delete_by, delete_some
from orders.models import EmailDelivery, IdempotencyKey
from payments.models import GatewayEvent
from shop.invoices.services import delete_expired
from shop.models import GuestBasket, User

#: A number of more digits may be too large for a key.
_DIGITS = 18
#: Also of e-mails about no order, and of gateway events: a gateway repeats one for some days, at most a month.
SIGN_INS_KEPT = timedelta(days=90)
_SIGN_INS = (AccessAttempt, AccessFailureLog, AccessLog)


def purge_expired() -> int:
    """Delete a batch of each kind. Returns how many rows: 0 once none is left."""
    now = timezone.now()
    expired = [Session.objects.filter(expire_date__lt=now), AuthToken.objects.filter(expiry__lt=now)]
    expired += [model.objects.filter(attempt_time__lt=now - SIGN_INS_KEPT) for model in _SIGN_INS]
    abandoned = now - timedelta(seconds=settings.SESSION_COOKIE_AGE)
    expired += [GuestBasket.objects.filter(changed_at__lt=abandoned)]
    expired += [IdempotencyKey.objects.filter(expires_at__lt=now), _settled_emails(before=now - SIGN_INS_KEPT)]
    expired += [GatewayEvent.objects.filter(received_at__lt=now - SIGN_INS_KEPT)]
    return sum(delete_some(rows) for rows in expired) + delete_expired()


def _settled_emails(*, before: datetime) -> QuerySet[EmailDelivery]:
    """E-mails about no order, such as a password's reset. While its message exists, an operator may retry it."""
    sent = EmailDelivery.objects.filter(order=None, state=EmailDelivery.State.SENT, claimed_at__lt=before)
    return sent.exclude(Exists(Message.objects.filter(pk=OuterRef("message_id")))).order_by()


def delete_sign_ins(*, name: str, until: datetime) -> int:
    """Delete a batch of the records of sign-ins with a user name or e-mail address, in any case. 0: none is left."""
    found = (model.objects.filter(username__iexact=name, attempt_time__lte=until) for model in _SIGN_INS)
    return sum(delete_some(rows) for rows in found)


class SessionWalk:
    """Walks through all sessions in the order of their keys, and deletes those of accounts that no longer exist.

    A session has no column for its user, so each one is decoded.
    """

    def __init__(self, *, after: str = "") -> None:
        self.after = after

    def step(self) -> int:
        """Handle the next sessions. Returns how many: 0 once there are none."""
        sessions = list(Session.objects.filter(session_key__gt=self.after).order_by("session_key")[:ROWS])
        owners = {session.session_key: str(session.get_decoded().get(SESSION_KEY, "")) for session in sessions}
        known = _existing({owner for owner in owners.values() if owner})
        orphaned = [key for key, owner in owners.items() if owner and owner not in known]
        delete_by(Session, column="session_key", values=orphaned)
        self.after = sessions[-1].session_key if sessions else self.after
        return len(sessions)


def _existing(owners: set[str]) -> set[str]:
    """Which of the user ids belong to an account. A session could hold anything."""
    ids = [int(owner) for owner in owners if owner.isdecimal() and len(owner) <= _DIGITS]
    return {str(pk) for pk in User.objects.filter(pk__in=ids).values_list("pk", flat=True)}
