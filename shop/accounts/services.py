"""Registers accounts, changes their details, and requests password resets."""

from datetime import timedelta

from axes.models import AccessFailureLog
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from messaging.models import Message
from messaging.outbox import enqueue
from messaging.outbox import transaction as outbox_transaction
from messaging.topology import Priority
from shop.models import User
from shop.payloads import SendPasswordReset

#: People need one or two; more would only flood an inbox.
MAX_RESETS_PER_HOUR = 5
#: How many taken addresses a client may try before it has to wait: enough for somebody who forgot which address they
#: signed up with, too few to find out who has an account.
MAX_TAKEN_PER_HOUR = 5
_REGISTRATION = "registration"


class EmailTaken(Exception):
    """Another account has this e-mail address. Nothing was written."""

    def __init__(self) -> None:
        super().__init__(_("There is already an account with this e-mail address. Sign in, or reset your password."))


class TooManyAttempts(Exception):
    """This client tried too many addresses that were taken. Nothing was looked up."""

    def __init__(self) -> None:
        super().__init__(
            _("Several of the addresses you tried already have an account. Please wait an hour, or sign in.")
        )


def subject_of(user: User) -> str:
    """Subject of messages about an account."""
    return f"account-{user.pk}"


def normalised(email: str) -> str:
    """An e-mail address as it is stored."""
    return email.strip().lower()


def register(*, email: str, name: str, password: str, client: str | None) -> User:
    """Create a shopper's account. `password` has passed Django's validators; `client` is the requesting IP address.

    Raises `EmailTaken`, and `TooManyAttempts` after `MAX_TAKEN_PER_HOUR` taken addresses within an hour.
    """
    if _recently_taken(client) >= MAX_TAKEN_PER_HOUR:
        raise TooManyAttempts
    address = normalised(email)
    try:
        with transaction.atomic():
            return User.objects.create_user(username=address, email=address, password=password, **_names(name))
    except IntegrityError:
        AccessFailureLog.objects.create(ip_address=client, username=address, path_info=_REGISTRATION)
        raise EmailTaken from None


def _recently_taken(client: str | None) -> int:
    """Stored with failed sign-ins, so that erasing a shopper covers these attempts too."""
    since = timezone.now() - timedelta(hours=1)
    return AccessFailureLog.objects.filter(ip_address=client, path_info=_REGISTRATION, attempt_time__gt=since).count()


def change_details(*, user: User, email: str, name: str) -> None:
    """Change an account's name and e-mail address; past orders keep theirs. Raises `EmailTaken`.

    A user name that was the old address becomes the new one.
    """
    address = normalised(email)
    username = address if user.username == user.email else user.username
    try:
        with transaction.atomic():
            User.objects.filter(pk=user.pk).update(username=username, email=address, **_names(name))
    except IntegrityError:
        raise EmailTaken from None
    user.refresh_from_db()


def _names(name: str) -> dict[str, str]:
    """The last word is the family name; reviews show only its initial."""
    first, _space, last = name.strip().rpartition(" ")
    return {"first_name": first, "last_name": last} if first else {"first_name": last, "last_name": ""}


@outbox_transaction()
def request_password_reset(*, user: User, language: str) -> None:
    """Request a password reset e-mail. The task creates the link, so that no token is stored in the outbox.

    `language` is a code of `LANGUAGES`. Requests beyond `MAX_RESETS_PER_HOUR` are ignored.
    """
    since = timezone.now() - timedelta(hours=1)
    recent = Message.objects.filter(subject=subject_of(user), task=SendPasswordReset.task, created_at__gt=since)
    if recent.count() < MAX_RESETS_PER_HOUR:
        payload = SendPasswordReset(user_id=user.pk, language=language)
        enqueue(payload, priority=Priority.HIGH, subject=subject_of(user))
