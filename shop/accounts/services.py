"""Registers accounts, changes their details, and requests e-mails with links that prove who asked."""

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from messaging.outbox import enqueue
from messaging.outbox import transaction as outbox_transaction
from messaging.topology import Priority
from shop.accounts.retention import delete_sign_ins
from shop.models import User
from shop.payloads import EmailChangeKind, SendEmailChange, SendPasswordReset


class EmailTaken(Exception):
    """Another account has this e-mail address. Nothing was written."""

    def __init__(self) -> None:
        super().__init__(_("There is already an account with this e-mail address. Sign in, or reset your password."))


def subject_of(user: User) -> str:
    """Subject of messages about an account."""
    return f"account-{user.pk}"


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


def change_name(*, user: User, name: str) -> None:
    """Change an account's name; past orders keep theirs."""
    User.objects.filter(pk=user.pk).update(**_names(name))


@outbox_transaction()
def request_email_change(*, user: User, email: str, language: str) -> None:
    """Send a confirmation link to the new address, which is used from then on, and a notice to the present one.

    The same is done, and takes as long, whether or not another account has the address. The task tells them apart.
    """
    User.objects.filter(pk=user.pk).update(new_email=normalised(email))
    for kind in EmailChangeKind:
        payload = SendEmailChange(user_id=user.pk, language=language, kind=kind)
        enqueue(payload, priority=Priority.HIGH, subject=subject_of(user))


def confirm_email(*, user: User) -> bool:
    """Replace an account's e-mail address with the new one, whose owner has confirmed it. Raises `EmailTaken`.

    Returns whether it was replaced: not if another one has been asked for since `user` was read. A user name that was
    the old address becomes the new one. Records of sign-ins with the old address are deleted: an erasure would no
    longer find them.
    """
    address = user.new_email
    username = address if user.username == user.email else user.username
    try:
        with transaction.atomic():
            asked = User.objects.filter(pk=user.pk, new_email=address).exclude(new_email="")
            if not asked.update(username=username, email=address, new_email=""):
                return False
            delete_sign_ins(name=user.email)
    except IntegrityError:
        raise EmailTaken from None
    return True


def _names(name: str) -> dict[str, str]:
    """The last word is the family name; reviews show only its initial."""
    first, _space, last = name.strip().rpartition(" ")
    return {"first_name": first, "last_name": last} if first else {"first_name": last, "last_name": ""}


@outbox_transaction()
def request_password_reset(*, user: User, language: str) -> None:
    """Request a password reset e-mail. The task creates the link, so that no token is stored in the outbox.

    `language` is a code of `LANGUAGES`.
    """
    enqueue(SendPasswordReset(user_id=user.pk, language=language), priority=Priority.HIGH, subject=subject_of(user))
