"""Writes of endpoints: saved, rotated, revealed. Each is in the audit log, which never has a secret or a whole URL."""

from datetime import timedelta
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext as _

from extensions.webhooks import targets
from extensions.webhooks.models import Endpoint
from extensions.webhooks.signing import new_secret
from messaging import clock
from messaging.operations import audit
from messaging.operations.permissions import Actor

SAVE: Final = "save webhook endpoint"
ROTATE: Final = "rotate webhook secret"
REVEAL: Final = "reveal webhook secret"
DELETE: Final = "delete webhook endpoint"
ACTIONS: Final = (SAVE, ROTATE, REVEAL, DELETE)
#: Each event is written once for each endpoint, inside the order's transaction.
MOST: Final = 20
OVERLAP: Final = timedelta(hours=24)
_CHECK_SECONDS: Final = 3.0


class TooMany(Exception):
    """There are as many endpoints as there may be."""


class StillRotating(Exception):
    """The previous secret is still valid: two at most sign."""


def check_url(url: str) -> None:
    """Raises `TargetRefused` or `NameUnknown`: the guard that each request passes, asked before the URL is saved."""
    targets.addresses_of(targets.parse(url), seconds=_CHECK_SECONDS)


@transaction.atomic
def save(*, endpoint: Endpoint, actor: Actor, changed: list[str]) -> None:
    """Create or change an endpoint. `changed` are names of fields. Turned on, it starts afresh. Raises `TooMany`."""
    if endpoint._state.adding:
        if len(Endpoint.objects.select_for_update(no_key=True).values_list("pk", flat=True)) >= MOST:
            raise TooMany(too_many())
        endpoint.save()
    else:
        values = {name: getattr(endpoint, name) for name in changed}
        if {"is_active", "url"} & set(changed):
            values |= {"failing": 0, "paused_until": None, "off_reason": ""}
        Endpoint.objects.filter(pk=endpoint.pk).update(**values)
    audit.record(action=SAVE, actor=actor, data=_facts(endpoint) | {"changed": changed, "active": endpoint.is_active})


def too_many() -> str:
    return _("There are %(most)s endpoints, which is the most. Delete one that is not used any more.") % {"most": MOST}


@transaction.atomic
def rotate(*, endpoint: Endpoint, actor: Actor) -> None:
    """A new secret. Both sign for `OVERLAP`, in which the merchant changes over. Raises `StillRotating`."""
    locked = Endpoint.objects.select_for_update(no_key=True).get(pk=endpoint.pk)
    now = clock.now()
    if locked.previous_until and locked.previous_until > now:
        raise StillRotating(
            _("The secret was rotated already. The previous one signs until %(at)s; rotate again after that.")
            % {"at": clock.text(locked.previous_until)}
        )
    locked.previous_secret, locked.previous_until, locked.secret = locked.secret, now + OVERLAP, new_secret()
    locked.save(update_fields=["secret", "previous_secret", "previous_until"])
    audit.record(action=ROTATE, actor=actor, data=_facts(locked))


@transaction.atomic
def reveal(*, endpoint: Endpoint, actor: Actor) -> str:
    """The secret, for the merchant. Who asked is recorded."""
    audit.record(action=REVEAL, actor=actor, data=_facts(endpoint))
    return endpoint.secret


@transaction.atomic
def delete(*, endpoint: Endpoint, actor: Actor) -> None:
    """Only without deliveries; the caller has asked `may_delete`."""
    audit.record(action=DELETE, actor=actor, data=_facts(endpoint))
    endpoint.delete()


def may_delete(endpoint: Endpoint) -> bool:
    """Deliveries are the record of what was sent. Turn the endpoint off; they are deleted after a while."""
    return not endpoint.deliveries.exists()


def _facts(endpoint: Endpoint) -> dict[str, Any]:
    return {"endpoint": endpoint.pk, "host": endpoint.host}
