"""The one door of all webhooks: whatever is sent to them gets an answer below 500, and no authentic event is lost.

What is authentic but not understood is kept as a dead letter, so that it is neither lost nor sent for ever.
"""

import hashlib
import logging
import uuid
from collections.abc import Callable, Collection
from typing import Any

from django.db import DataError, Error, IntegrityError
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from messaging.hooks.next_steps import DISCARD, NextStep, register
from messaging.models import Message
from messaging.payloads import Payload
from messaging.topology import Priority, topology
from messaging.transitions import file_stray
from messaging.transitions.failure import synthetic_failure

log = logging.getLogger(__name__)
#: Unread events kept of each sender; after that it is refused, and sends them again later.
MAX_KEPT = 1000
#: Events are a few kilobytes. A larger body is refused before anything looks into it.
MAX_BYTES = 256_000
_EVENTS = uuid.UUID("0d6f6f0e-5a4e-4d55-8a53-2f3c54a0a0c7")
_NOT_UNDERSTOOD = "EventNotUnderstood"
register(
    _NOT_UNDERSTOOD,
    step=NextStep(
        gettext_lazy("A signed event from outside could not be read. The sender is asked for its record anyway."),
        gettext_lazy("Look at the raw body to see what the sender changed, then discard the message."),
        DISCARD,
    ),
)


class NotAuthentic(ValueError):
    """The request has no valid, recent signature of its sender."""


class EventNotUnderstood(ValueError):
    """The request is authentic, but its body is not an event that this code can read."""


def answer(
    request: HttpRequest,
    *,
    sender: str,
    secrets: Collection[str],
    read: Callable[[bytes, str], Any],
    record: Callable[[Any], object],
    instead_of: type[Payload],
) -> HttpResponse:
    """`read` the request's body and `record` the event: 200 once it is stored; senders repeat it after anything else.

    Any of the `secrets` may have signed it; 404 without any. `read(body, secret)` raises `NotAuthentic`, which is
    answered by 400, or `EventNotUnderstood`: the body is then kept as a dead letter in the queue of `instead_of`.
    Anything else that it raises counts as not authentic. What `record` raises is kept, unless the database failed.
    """
    if not secrets:
        raise Http404
    if len(request.body) > MAX_BYTES:
        return HttpResponse(_("The event is larger than %(kb)s kB.") % {"kb": MAX_BYTES // 1000}, status=413)
    try:
        event = _event(request.body, sender=sender, secrets=secrets, read=read)
        _record(event, sender=sender, record=record)
    except EventNotUnderstood as why:
        is_kept = _keep(body=request.body, sender=sender, why=why, instead_of=instead_of)
        return HttpResponse(status=200 if is_kept else 429)
    except NotAuthentic:
        return HttpResponse(_("The signature is missing, wrong or too old. Nothing was changed."), status=400)
    return HttpResponse(status=200)


def identifier(value: object, *, most: int = 100) -> str:
    """`value`, if it is text of 1 to `most` characters that every database stores: without NUL and surrogates.

    Raises `ValueError` for anything else.
    """
    if not isinstance(value, str) or not 0 < len(value) <= most or not value.isprintable():
        raise ValueError(f"Not an identifier: {ascii(value)[:most]}")
    return value


def _event(body: bytes, *, sender: str, secrets: Collection[str], read: Callable[[bytes, str], Any]) -> Any:
    """What `read` makes of the body with the secret that signed it."""
    for secret in secrets:
        try:
            return read(body, secret)
        except EventNotUnderstood:
            raise
        except NotAuthentic:
            continue
        except Exception:
            log.exception("The webhook of %s failed while reading a request", sender)
    raise NotAuthentic("None of the secrets has signed it.")


def _record(event: Any, *, sender: str, record: Callable[[Any], object]) -> None:
    """Raises `EventNotUnderstood` for what cannot be recorded, and the database's own errors: the sender repeats it."""
    try:
        record(event)
    except Exception as error:
        if isinstance(error, Error) and not isinstance(error, DataError | IntegrityError):
            raise
        log.exception("An event of %s cannot be recorded", sender)
        raise EventNotUnderstood(repr(error)) from error


def _keep(*, body: bytes, sender: str, why: EventNotUnderstood, instead_of: type[Payload]) -> bool:
    """File the body as a dead letter in the queue of `instead_of`, once. False: too many of the sender wait already."""
    id_ = uuid.uuid5(_EVENTS, f"{sender} {hashlib.sha256(body).hexdigest()}")
    if Message.objects.filter(pk=id_).exists():
        return True
    reason = ascii(str(why))[:300]
    text = f"{sender} sent a signed event that cannot be read ({reason}); its raw bytes are kept."
    failure = synthetic_failure(_NOT_UNDERSTOOD, text, task=sender)
    if Message.objects.dead().filter(fingerprint=failure.fingerprint).count_up_to(MAX_KEPT) >= MAX_KEPT:
        return False
    key = Priority.LOW.routing_key(instead_of.routing_key)
    file_stray(message_id=id_, failure=failure, queue=topology().queue_for(key), routing_key=key, raw_body=body)
    return True
