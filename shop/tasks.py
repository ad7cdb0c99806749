"""Celery tasks of the shop."""

import logging
import uuid

from messaging.worker.slices import Slice
from messaging.worker.task import ReliableTask, reliable_task
from orders.emails.delivery import release, send_once
from shipping.carriers import CarrierUnavailable, carrier
from shop.accounts import emails, erasure, retention
from shop.models import ReturnStatus, User
from shop.payloads import (
    CancelReturnParcel,
    DeleteOrphanedSessions,
    EmailChangeKind,
    EraseAccount,
    FollowReturns,
    PurgeExpired,
    SendEmailChange,
    SendPasswordReset,
    SendReturnEmail,
    SendReturnLabel,
)
from shop.pictures.unused import delete_unused
from shop.returns import emails as return_emails
from shop.returns import labels
from shop.returns.selectors import booked_return, return_to_email
from shop.returns.services import cancel_abandoned, finish_unfinished

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


@reliable_task(EraseAccount)
def erase_account(self: ReliableTask, payload: EraseAccount) -> None:
    with self.complete():
        erasure.erase_slice(user_id=payload.user_id, after=payload.after)


@reliable_task(PurgeExpired)
def purge_expired(self: ReliableTask, payload: PurgeExpired) -> None:
    part = Slice(self)
    deleted = part.repeat(retention.purge_expired)
    part.repeat(delete_unused)
    log.info("retention: deleted %s sessions, tokens and sign-ins", deleted)
    part.finish(payload)


@reliable_task(SendReturnLabel, autoretry_for=(OSError, CarrierUnavailable))
def send_return_label(self: ReliableTask, payload: SendReturnLabel) -> None:
    """Sends nothing if the return was decided or the order erased meanwhile. A parcel is booked once, by its key."""
    found = return_to_email(return_id=payload.return_id)
    if found.status == ReturnStatus.REQUESTED and not found.order.anonymised_at:
        labels.book(found=found)
    else:
        labels.record_booked(found=found)
    if found.status != ReturnStatus.REQUESTED or found.order.anonymised_at:
        with self.complete():
            release(uuid.UUID(self.request.id))
        return
    label = labels.label_pdf(found=found)
    email = return_emails.label_email(found=found, label=label, message_id=str(self.request.id))
    send_once(self, email=email, kind="return_label", order_id=found.order_id)


@reliable_task(CancelReturnParcel, autoretry_for=(CarrierUnavailable,))
def cancel_return_parcel(self: ReliableTask, payload: CancelReturnParcel) -> None:
    found = booked_return(return_id=payload.return_id)
    carrier(found.carrier).cancel(tracking_number=found.tracking_number)
    with self.complete():
        pass


@reliable_task(SendReturnEmail, autoretry_for=(OSError,))
def send_return_email(self: ReliableTask, payload: SendReturnEmail) -> None:
    found = return_to_email(return_id=payload.return_id)
    if found.order.anonymised_at:
        with self.complete():
            release(uuid.UUID(self.request.id))
        return
    email = return_emails.return_email(found=found, kind=payload.kind, message_id=str(self.request.id))
    send_once(self, email=email, kind=f"return_{payload.kind}", order_id=found.order_id)


@reliable_task(FollowReturns)
def follow_returns(self: ReliableTask, payload: FollowReturns) -> None:
    part = Slice(self)
    part.repeat(finish_unfinished)
    part.repeat(cancel_abandoned)
    part.finish(payload)
