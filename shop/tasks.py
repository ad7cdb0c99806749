"""Celery tasks of the shop."""

import logging

from messaging.worker.slices import Slice
from messaging.worker.task import ReliableTask, reliable_task
from orders.emails.delivery import send_once
from shop.accounts import emails, retention
from shop.models import User
from shop.payloads import DeleteOrphanedSessions, EmailChangeKind, PurgeExpired, SendEmailChange, SendPasswordReset
from shop.pictures.unused import delete_unused

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


@reliable_task(SendEmailChange, autoretry_for=(OSError,))
def send_email_change(self: ReliableTask, payload: SendEmailChange) -> None:
    """Does nothing if there is no change any more, and confirms no address that another account has."""
    user = User.objects.filter(pk=payload.user_id, is_active=True).exclude(new_email="").first()
    is_taken = user is not None and User.objects.filter(email__iexact=user.new_email).exists()
    if user is None or (is_taken and payload.kind == EmailChangeKind.CONFIRMATION):
        with self.complete():
            return
    email = emails.email_change(
        user=user, kind=payload.kind, language=payload.language, message_id=str(self.request.id)
    )
    send_once(self, email=email, kind=f"email_{payload.kind}")


@reliable_task(DeleteOrphanedSessions)
def delete_orphaned_sessions(self: ReliableTask, payload: DeleteOrphanedSessions) -> None:
    part, walk = Slice(self), retention.SessionWalk(after=payload.after)
    part.repeat(walk.step)
    part.finish(DeleteOrphanedSessions(after=walk.after))


@reliable_task(PurgeExpired)
def purge_expired(self: ReliableTask, payload: PurgeExpired) -> None:
    part = Slice(self)
    deleted = part.repeat(retention.purge_expired)
    part.repeat(delete_unused)
    log.info("retention: deleted %s sessions, tokens and sign-ins", deleted)
    part.finish(payload)
