"""Sets up a new shop: validates everything first, then writes the database in one transaction, the broker last."""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field

from amqp.exceptions import PreconditionFailed  # type: ignore[import-untyped]
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.db import Error, transaction
from kombu import Connection

from messaging.broker import refusals
from messaging.topology import topology
from shop.doctor.checks import broker
from shop.doctor.findings import Finding
from shop.doctor.services import BROKER, DATABASE, examine, first_of
from shop.models import User
from shop.office.staff import create_groups


class SetupRefused(Exception):
    """Nothing was written, unless the sentence says so."""


@dataclass(frozen=True)
class NewAdmin:
    """The password is not checked, and may be empty, if the administrator exists."""

    name: str
    email: str
    password: str = field(default="", repr=False)


def has_admin(name: str) -> bool:
    """Raises `SetupRefused` if the database cannot be asked, or somebody else has this name."""
    _require(first_of(DATABASE))
    if (user := User.objects.filter(username=name).first()) is None:
        return False
    if not (user.is_superuser and user.is_staff and user.is_active):
        raise SetupRefused(f"The account {name} exists and is not an administrator. Choose another name.")
    return True


def set_up(*, admin: NewAdmin | None = None, redeclare: bool = False) -> list[str]:
    """Create what is missing, and return a sentence about each part. What exists stays as it is.

    `redeclare` deletes queues that were declared with other arguments, if they are empty and unused, and declares them
    anew. Raises `SetupRefused`.
    """
    _require(first_of(DATABASE) or first_of(BROKER) or _obstacles(redeclare=redeclare))
    user = None if admin is None or has_admin(admin.name) else _validated(admin)
    try:
        with transaction.atomic():
            created = create_groups()
            if user is not None:
                user.save(force_insert=True)
    except Error as error:
        reason = " ".join(str(error).split())
        raise SetupRefused(f"The database refused: {reason}. Nothing was written. Run this again.") from error
    done = [f"Staff groups created: {', '.join(created)}." if created else "The staff groups exist."]
    if admin is not None:
        done.append(f"Administrator {admin.name} {'exists' if user is None else 'created'}.")
    return [*done, *_declare(redeclare=redeclare)]


def _validated(admin: NewAdmin) -> User:
    user = User(username=admin.name, email=User.objects.normalize_email(admin.email), is_staff=True, is_superuser=True)
    try:
        user.clean_fields(exclude=["password"])
        if not user.email:
            raise ValidationError("An e-mail address is required.")
        user.validate_unique()
        user.validate_constraints()
        password_validation.validate_password(admin.password, user)
    except ValidationError as error:
        raise SetupRefused(" ".join(error.messages)) from error
    user.set_password(admin.password)
    return user


def _obstacles(*, redeclare: bool) -> list[Finding]:
    """What keeps this configuration's queues from being declared; those that are missing do not."""
    found = [finding for finding in examine(broker.queues) if finding.name != broker.MISSING]
    if redeclare:
        found = [finding for finding in found if finding.fix != broker.REDECLARE] + examine(_in_use)
    return found


def _in_use() -> Iterator[Finding]:
    """A quorum queue cannot be told to spare what it holds, so each is asked first."""
    with broker.connected() as connection:
        vhost = shlex.quote(str(connection.virtual_host))
        for queue in _with_other_arguments(connection):
            with connection.channel() as channel:
                state = channel.queue_declare(queue, passive=True)
            if state.message_count or state.consumer_count:
                sentence = f"Queue {queue} has messages or consumers: stop the workers and empty it. Its messages are"
                sentence += " published again from the ledger."
                yield Finding(f"queue-{queue}", sentence, f"rabbitmqctl purge_queue -p {vhost} {queue}")


def _with_other_arguments(connection: Connection) -> list[str]:
    refused = broker.differing_queues(connection)
    return [queue.name for queue, refusal in refused if isinstance(refusal, PreconditionFailed)]


def _declare(*, redeclare: bool) -> Iterator[str]:
    try:
        with broker.connected() as connection:
            if redeclare:
                yield from _delete_differing(connection)
            for refusal in topology().declare(connection).values():
                raise refusal
    except Exception as error:  # kombu's errors depend on the transport
        reason = refusals.explain(error)
        raise SetupRefused(
            f"Groups and administrator are there, but not all queues: {reason}. Run this again."
        ) from error
    yield f"Exchange and queues declared: {', '.join(topology().queues)}."


def _delete_differing(connection: Connection) -> Iterator[str]:
    for queue in _with_other_arguments(connection):
        with connection.channel() as channel:
            channel.queue_delete(queue)
        yield f"Queue {queue} deleted: it had other arguments."


def _require(findings: list[Finding]) -> None:
    if findings:
        raise SetupRefused(f"{findings[0].sentence} Run: {findings[0].fix}")
