"""Preview verdicts: which messages are retried, and why others are skipped, in a constant number of statements."""

import logging
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import DatabaseError, InterfaceError, OperationalError, connection
from django.db.models import Max

from messaging.hooks import already_done
from messaging.models import Message, State
from messaging.operations.failures import quarantine
from messaging.operations.models import SkipReason
from messaging.payloads import LiftMissing, Payload, PayloadInvalid, SchemaTooNew, payload_for

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Skip:
    reason: SkipReason
    detail: str = ""


def skips(messages: Iterable[Message]) -> dict[uuid.UUID, Skip]:
    """Reasons to skip messages, by id. All others will be retried."""
    found: dict[uuid.UUID, Skip] = {}
    candidates: dict[uuid.UUID, Message] = {}
    payloads: dict[str, dict[uuid.UUID, Payload]] = defaultdict(dict)
    for message in messages:
        payload = _payload_or_skip(message)
        if isinstance(payload, Skip):
            found[message.pk] = payload
        else:
            candidates[message.pk] = message
            payloads[message.task][message.pk] = payload
    done = {
        id_: Skip(SkipReason.ALREADY_DONE, text[:200])
        for task, by_id in payloads.items()
        for id_, text in _done(task, by_id).items()
    }
    superseded = {id_: Skip(SkipReason.NEWER_SUCCEEDED) for id_ in _superseded(candidates.values())}
    return found | superseded | done


def _payload_or_skip(message: Message) -> Payload | Skip:
    """The worker would load the payload first, so whatever fails there is found here."""
    if message.state != State.DEAD:
        return Skip(SkipReason.CHANGED, str(State(message.state).label))
    if quarantine.is_quarantined(message):
        return Skip(SkipReason.QUARANTINED)
    if not message.task:
        return Skip(SkipReason.UNREADABLE)
    kind = payload_for(message.task)
    if kind is None:
        return Skip(SkipReason.UNKNOWN_TASK, message.task)
    return _load(kind, message.payload, version=message.schema_version)


def _load(kind: type[Payload], data: Any, *, version: int) -> Payload | Skip:
    try:
        return kind.load(data, version=version)
    except SchemaTooNew:
        return Skip(SkipReason.SCHEMA_TOO_NEW, f"{version} > {kind.version}")
    except LiftMissing:
        return Skip(SkipReason.SCHEMA_TOO_OLD, f"{version} < {kind.version}")
    except PayloadInvalid as error:
        return Skip(SkipReason.WRONG_ARGUMENTS, str(error)[:200])
    except Exception as error:  # whatever a lift raises about what it did not expect
        return Skip(SkipReason.WRONG_ARGUMENTS, repr(error)[:200])


def _done(task: str, by_id: Mapping[uuid.UUID, Payload]) -> Mapping[uuid.UUID, str]:
    """What the app's check tells. Messages on which it fails do not count as done, and the others keep their answer.

    One payload, such as an edited one with a number that no database stores, must not close the whole desk.
    """
    try:
        return already_done.done_already({task: by_id})
    except (OperationalError, InterfaceError):  # the database, not the payload
        raise
    except Exception as error:
        if isinstance(error, DatabaseError) and connection.in_atomic_block:  # nothing more can be asked in it
            raise
        if len(by_id) == 1:
            log.warning("The check whether %s is done already failed: %r", task, error)
            return {}
    return {id_: text for one in by_id for id_, text in _done(task, {one: by_id[one]}).items()}


def _superseded(messages: Iterable[Message]) -> set[uuid.UUID]:
    """Messages of which a newer one with the same subject and task has succeeded: a retry would apply outdated data."""
    about = {message.pk: message for message in messages if message.subject}
    subjects = {message.subject for message in about.values()}
    succeeded = Message.objects.filter(state=State.DONE, subject__in=subjects)
    newest = {
        (row["subject"], row["task"]): row["newest"]
        for row in succeeded.values("subject", "task").annotate(newest=Max("created_at"))
    }
    return {
        id_
        for id_, message in about.items()
        if (newest_at := newest.get((message.subject, message.task))) and newest_at > message.created_at
    }
