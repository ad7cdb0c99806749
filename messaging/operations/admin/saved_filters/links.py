"""Saved filters above a list: links to the operator's own and to shared ones."""

from typing import Any

from django.db.models import Q
from django.http import HttpRequest

from messaging.operations import permissions
from messaging.operations.actions.saved_filters import MOST_SAVED, normalized
from messaging.operations.models import FilteredList, SavedFilter
from messaging.operations.permissions import Actor

#: The operator's own, and as many again that others share.
MOST_SHOWN = 2 * MOST_SAVED


def saved_filter_links(request: HttpRequest, page: str) -> dict[str, Any]:
    """Context of `_saved_filters.html`. `page` is the stem of the list's URL name."""
    if page not in FilteredList:
        return {}
    actor = Actor.of(request.user)
    found = SavedFilter.objects.filter(page=page).visible_to(actor.name)
    own_first = found.annotate(is_own=Q(owner=actor.name)).order_by("-is_own", "name", "id")
    return {
        "saved_filters": [(saved, saved.owner == actor.name) for saved in own_first[:MOST_SHOWN]],
        "filter_query": normalized(request.GET.urlencode()),
        "filter_page": page,
        "may_save_filter": actor.may(permissions.VIEW),
        "may_delete_filters": actor.may(permissions.DELETE_FILTER),
        "may_share_filter": actor.may(permissions.RETRY),
    }
