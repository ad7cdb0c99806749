"""Saved filters: operators save the filter of a list under a name, share it, and delete it."""

from urllib.parse import parse_qsl, urlencode

from django.db import transaction
from django.utils.translation import gettext as _

from messaging.operations import audit, permissions
from messaging.operations.models import FilteredList, SavedFilter
from messaging.operations.models.saved_filter import NAME_LENGTH, QUERY_LENGTH
from messaging.operations.permissions import Actor

#: The most filters that one operator saves, on all lists together.
MOST_SAVED = 30
_MOST_FIELDS = 20
#: Parameters that say where in a list one is, not what it shows.
_POSITION = frozenset({"p", "all", "e", "_changelist_filters"})


class FilterRefused(ValueError):
    """The filter cannot be saved. Its text tells the operator why."""


def normalized(query: str) -> str:
    """A query string in one spelling, without the page number. Empty if it filters nothing or cannot be read."""
    try:
        fields = parse_qsl(query, max_num_fields=_MOST_FIELDS)
    except ValueError:
        return ""
    return urlencode(sorted((name, value) for name, value in fields if name not in _POSITION))


@transaction.atomic
def save_filter(*, page: FilteredList, name: str, query: str, shared: bool, actor: Actor) -> SavedFilter:
    """Save a list's query string, in place of the operator's filter of the same name.

    Sharing it with all operators requires the permission to retry, as a group's note does. Raises `PermissionDenied`
    and `FilterRefused`.
    """
    actor.require(permissions.RETRY if shared else permissions.VIEW)
    name, query = _checked(name, query)
    own = SavedFilter.objects.select_for_update().filter(owner=actor.name)
    others = [
        found for found in own if (found.page, found.name) != (page, name)
    ]  # locks: two saves wait for each other
    if len(others) >= MOST_SAVED:
        raise FilterRefused(_("Not saved: you have %(most)d saved filters. Delete one first.") % {"most": MOST_SAVED})
    saved, _created = SavedFilter.objects.update_or_create(
        page=page, owner=actor.name, name=name, defaults={"query": query, "shared": shared}
    )
    audit.record(action="save filter", actor=actor, data=_described(saved))
    return saved


@transaction.atomic
def delete_filter(*, id_: int, actor: Actor) -> SavedFilter:
    """Delete one of the operator's own filters; one that another shares requires a permission of its own.

    Raises `PermissionDenied` and `SavedFilter.DoesNotExist`.
    """
    actor.require(permissions.VIEW)
    saved = SavedFilter.objects.visible_to(actor.name).select_for_update().get(pk=id_)
    if saved.owner != actor.name:
        actor.require(permissions.DELETE_FILTER)
    audit.record(action="delete filter", actor=actor, data={**_described(saved), "owner": saved.owner})
    SavedFilter.objects.filter(pk=saved.pk).delete()
    return saved


def _checked(name: str, query: str) -> tuple[str, str]:
    name = " ".join("".join(letter if letter.isprintable() else " " for letter in name).split())
    query = normalized(query)
    if not name:
        raise FilterRefused(_("Not saved: the filter needs a name."))
    if not query:
        raise FilterRefused(_("Not saved: the list is not filtered."))
    if len(name) > NAME_LENGTH or len(query) > QUERY_LENGTH:
        raise FilterRefused(_("Not saved: the name or the filter is too long."))
    return name, query


def _described(saved: SavedFilter) -> dict[str, object]:
    return {"list": saved.page, "name": saved.name, "filter": saved.query, "shared": saved.shared}
