"""Celery tasks of the shop."""

import logging

from messaging.worker.slices import Slice
from messaging.worker.task import ReliableTask, reliable_task
from orders.emails.delivery import send_once
from shop.accounts import emails, retention
from shop.models import User
from shop.payloads import PurgeExpired, SendPasswordReset

log = logging.getLogger(__name__)


@reliable_task(SendPasswordReset, autoretry_for=(OSError,))
def send_password_reset(self: ReliableTask, payload: SendPasswordReset) -> None:
    """Does nothing if the account has been deleted or deactivated in the meantime."""
    user = User.objects.filter(pk=payload.user_id, is_active=True).exclude(email="").first()
    if user is None:
        with self.complete():
            return
    email = emails.password_reset(user=user, language=payload.language, message_id=str(self.request.id))
    send_once(self, email=email, kind="password_reset")


@reliable_task(PurgeExpired)
def purge_expired(self: ReliableTask, payload: PurgeExpired) -> None:
    part = Slice(self)
    deleted = part.repeat(retention.purge_expired)
    log.info("retention: deleted %s sessions, tokens and sign-ins", deleted)
    part.finish(payload)
