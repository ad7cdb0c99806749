"""Writes of endpoints: saved, rotated, revealed. Each is in the audit log, which never has a secret or a whole URL."""

from datetime import timedelta
from typing import Any, Final

from django.contrib.contenttypes.models import ContentType
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
#: An order under way has read the endpoints that were on, and would fail without one. No transaction lasts as long.
DELETABLE_AFTER: Final = timedelta(minutes=10)
_TWO_CLICKS: Final = timedelta(minutes=1)
_CHECK_SECONDS: Final = 3.0


class TooMany(Exception):
    """There are as many endpoints as there may be."""


class AddedTwice(Exception):
    """The same form has just been saved, as by the first of two clicks, as the endpoint `first`."""

    def __init__(self, first: Endpoint) -> None:
        self.first = first
        super().__init__(first)


class StillRotating(Exception):
    """The previous secret is still valid: two at most sign."""


def check_url(url: str) -> None:
    """Raises `TargetRefused` or `NameUnknown`: the guard that each request passes, asked before the URL is saved."""
    targets.addresses_of(targets.parse(url), seconds=_CHECK_SECONDS)


@transaction.atomic
def save(*, endpoint: Endpoint, actor: Actor, changed: list[str]) -> None:
    """Create or change an endpoint. `changed` are names of fields. Turned on, it starts afresh.

    Raises `TooMany` and `AddedTwice`.
    """
    if endpoint._state.adding:
        _check_new(endpoint)
        endpoint.save()
    else:
        values = {name: getattr(endpoint, name) for name in changed}
        if {"is_active", "url"} & set(changed):
            values |= {"failing": 0, "paused_until": None, "off_reason": ""}
        if "is_active" in changed:
            values["off_at"] = None if endpoint.is_active else clock.now()
        Endpoint.objects.filter(pk=endpoint.pk).update(**values)
    audit.record(action=SAVE, actor=actor, data=_facts(endpoint) | {"changed": changed, "active": endpoint.is_active})


def _check_new(endpoint: Endpoint) -> None:
    """One is added at a time: the lock is on the row of their content type, as an empty table has none."""
    options = Endpoint._meta
    ContentType.objects.select_for_update(no_key=True).get(app_label=options.app_label, model=options.model_name)
    known = list(Endpoint.objects.order_by("pk"))
    for each in known:
        if each.created_at > clock.now() - _TWO_CLICKS and _typed(each) == _typed(endpoint):
            raise AddedTwice(each)
    if len(known) >= MOST:
        raise TooMany(too_many())


def _typed(endpoint: Endpoint) -> tuple[Any, ...]:
    return endpoint.url, endpoint.description, endpoint.events, endpoint.is_active


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
def delete(*, endpoint: Endpoint, actor: Actor) -> bool:
    """False, and nothing is deleted, unless it `may_delete`."""
    locked = Endpoint.objects.select_for_update().filter(pk=endpoint.pk).first()
    if locked is None or not may_delete(locked):
        return False
    audit.record(action=DELETE, actor=actor, data=_facts(locked))
    locked.delete()
    return True


def may_delete(endpoint: Endpoint) -> bool:
    """Whether it has been off for `DELETABLE_AFTER` and has no deliveries, which are the record of what was sent."""
    is_unread = endpoint.off_at is None or endpoint.off_at <= clock.now() - DELETABLE_AFTER
    return not endpoint.is_active and is_unread and not endpoint.deliveries.exists()


def _facts(endpoint: Endpoint) -> dict[str, Any]:
    return {"endpoint": endpoint.pk, "host": endpoint.host}
