"""Registers accounts, changes their details, and requests password resets."""

from datetime import timedelta

from axes.models import AccessFailureLog
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from messaging.models import Message
from messaging.outbox import enqueue
from messaging.outbox import transaction as ledger_transaction
from messaging.topology import Priority
from shop.models import User
from shop.payloads import SendPasswordReset

#: A person needs one or two; more only fill somebody's inbox.
RESETS_AN_HOUR = 5
#: So often an address may turn out to be taken before a client must wait: enough for somebody who forgot which of their
#: addresses they used, too few to find out who has an account.
TAKEN_AN_HOUR = 5
_REGISTRATION = "registration"


class EmailTaken(Exception):
    """Another account has this e-mail address. Nothing was written."""

    def __init__(self) -> None:
        super().__init__(
            _("There is an account with this e-mail address. Sign in with it, or ask for a new password there.")
        )


class TooManyTries(Exception):
    """Too many addresses that this client wanted were taken. Nothing was looked up."""

    def __init__(self) -> None:
        super().__init__(
            _("Several of the addresses tried from here already have an account. Please wait an hour, or sign in.")
        )


def subject_of(user: User) -> str:
    """What messages about an account have as their subject."""
    return f"account-{user.pk}"


def normalised(email: str) -> str:
    """An address as it is kept."""
    return email.strip().lower()


def register(*, email: str, name: str, password: str, client: str | None) -> User:
    """Make a shopper's account. `password` was checked by Django's validators; `client` is the IP address that asks.

    Raises `EmailTaken`, and `TooManyTries` once that was the answer `TAKEN_AN_HOUR` times within the hour.
    """
    if _taken_lately(client) >= TAKEN_AN_HOUR:
        raise TooManyTries
    address = normalised(email)
    try:
        with transaction.atomic():
            return User.objects.create_user(username=address, email=address, password=password, **_names(name))
    except IntegrityError:
        AccessFailureLog.objects.create(ip_address=client, username=address, path_info=_REGISTRATION)
        raise EmailTaken from None


def _taken_lately(client: str | None) -> int:
    """Kept beside the failed sign-ins, so that forgetting a shopper reaches them, too."""
    since = timezone.now() - timedelta(hours=1)
    return AccessFailureLog.objects.filter(ip_address=client, path_info=_REGISTRATION, attempt_time__gt=since).count()


def change_details(*, user: User, email: str, name: str) -> None:
    """Give an account another name or e-mail address; orders keep theirs. Raises `EmailTaken`.

    Where the address was the user name, the new one is.
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
    """The last word is the family name, of which reviews show the initial only."""
    first, _space, last = name.strip().rpartition(" ")
    return {"first_name": first, "last_name": last} if first else {"first_name": last, "last_name": ""}


@ledger_transaction()
def request_password_reset(*, user: User, language: str) -> None:
    """Send for an e-mail with a link to a new password. The link is made by the task: the ledger must not hold a key.

    `language` is a code of `LANGUAGES`. Wishes beyond `RESETS_AN_HOUR` are passed over in silence.
    """
    since = timezone.now() - timedelta(hours=1)
    recent = Message.objects.filter(subject=subject_of(user), task=SendPasswordReset.task, created_at__gt=since)
    if recent.count() < RESETS_AN_HOUR:
        payload = SendPasswordReset(user_id=user.pk, language=language)
        enqueue(payload, priority=Priority.HIGH, subject=subject_of(user))
