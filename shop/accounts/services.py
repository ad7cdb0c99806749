"""Registers accounts, changes their details, and requests e-mails with links that prove who asked."""

from datetime import timedelta
from typing import Final

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from messaging.models import Message
from messaging.outbox import enqueue
from messaging.outbox import transaction as outbox_transaction
from messaging.topology import Priority
from shop.accounts.retention import delete_sign_ins
from shop.models import User
from shop.payloads import EmailChangeKind, SendEmailChange, SendPasswordReset

#: Within this time, a request that is sent again is taken for a second click.
_TWO_CLICKS: Final = timedelta(minutes=1)


class EmailTaken(Exception):
    """Another account has this e-mail address. Nothing was written."""

    def __init__(self) -> None:
        super().__init__(_("There is already an account with this e-mail address. Sign in, or reset your password."))


def subject_of(user: User) -> str:
    """Subject of messages about an account."""
    return f"account-{user.pk}"


def lock_account(*, user_id: int) -> User:
    """The account, which nobody closes during the caller's transaction. Raises `User.DoesNotExist` if somebody did."""
    return User.objects.select_for_update(no_key=True).get(pk=user_id, is_active=True)


def normalised(email: str) -> str:
    """An e-mail address as it is stored."""
    return email.strip().lower()


def register(*, email: str, name: str, password: str) -> User:
    """Create a shopper's account. `password` has passed Django's validators. Raises `EmailTaken`."""
    address = normalised(email)
    try:
        with transaction.atomic():
            return User.objects.create_user(username=address, email=address, password=password, **_names(name))
    except IntegrityError:
        raise EmailTaken from None


def just_registered(*, email: str, password: str) -> User | None:
    """The account that was registered with these within the last minute, as by the first of two clicks."""
    recent = User.objects.filter(username=normalised(email), date_joined__gt=timezone.now() - _TWO_CLICKS)
    user = recent.filter(is_active=True).first()
    return user if user is not None and user.check_password(password) else None


def change_name(*, user: User, name: str) -> None:
    """Change an account's name; past orders keep theirs."""
    User.objects.filter(pk=user.pk, is_active=True).update(**_names(name))


@outbox_transaction()
def request_email_change(*, user: User, email: str, language: str) -> bool:
    """Send a confirmation link to the new address, which is used from then on, and a notice to the present one.

    The same is done, and takes as long, whether or not another account has the address. The task tells them apart.
    Returns whether they are sent: not by the second of two clicks.
    """
    present = lock_account(user_id=user.pk)
    if present.new_email == normalised(email) and _was_just_enqueued(user, SendEmailChange.task):
        return False
    User.objects.filter(pk=user.pk).update(new_email=normalised(email))
    for kind in EmailChangeKind:
        payload = SendEmailChange(user_id=user.pk, language=language, kind=kind)
        enqueue(payload, priority=Priority.HIGH, subject=subject_of(user))
    return True


def confirm_email(*, user: User) -> bool:
    """Replace an account's e-mail address with the new one, whose owner has confirmed it. Raises `EmailTaken`.

    Returns whether it is replaced, also by the first of two clicks: not if another one has been asked for since `user`
    was read. A user name that was the old address becomes the new one. Records of sign-ins with the old address are
    deleted: an erasure would no longer find them.
    """
    address = user.new_email
    username = address if user.username == user.email else user.username
    try:
        with transaction.atomic():
            asked = User.objects.filter(pk=user.pk, new_email=address).exclude(new_email="")
            if not asked.update(username=username, email=address, new_email=""):
                return User.objects.filter(pk=user.pk, email=address, new_email="").exists()
            while delete_sign_ins(name=user.email, until=timezone.now()):
                pass
    except IntegrityError:
        raise EmailTaken from None
    return True


def _names(name: str) -> dict[str, str]:
    """The last word is the family name; reviews show only its initial."""
    first, _space, last = name.strip().rpartition(" ")
    return {"first_name": first, "last_name": last} if first else {"first_name": last, "last_name": ""}


@outbox_transaction()
def request_password_reset(*, user: User, language: str) -> bool:
    """Request a password reset e-mail. The task creates the link, so that no token is stored in the outbox.

    `language` is a code of `LANGUAGES`. Returns whether it was requested: not by the second of two clicks.
    """
    is_gone = User.objects.select_for_update(no_key=True).filter(pk=user.pk, is_active=True).first() is None
    if is_gone or _was_just_enqueued(user, SendPasswordReset.task):
        return False
    enqueue(SendPasswordReset(user_id=user.pk, language=language), priority=Priority.HIGH, subject=subject_of(user))
    return True


def _was_just_enqueued(user: User, task: str) -> bool:
    recent = Message.objects.filter(subject=subject_of(user), task=task)
    return recent.filter(created_at__gt=timezone.now() - _TWO_CLICKS).exists()
