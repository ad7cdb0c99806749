"""Middleware that answers 400 to what no page can handle: NUL characters, keys of another kind, values out of range.

To an upload for which the server has no room, it answers 507.

Forms and serializers report what they know to be wrong beside the field. This is for everything else: Django's admin,
whose filters and actions pass on whatever they get, and what only the database refuses.
"""

import errno
import logging
from collections.abc import Callable, Iterable, Mapping
from inspect import unwrap
from traceback import walk_tb
from typing import Any

from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters, ModelAdmin
from django.core.exceptions import BadRequest, ValidationError
from django.db import DataError, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponseBase, QueryDict, UnreadablePostError

from shop.limits.counters import Limited
from shop.site.error_pages import bad_request, not_stored, too_many

log = logging.getLogger("django.request")
_NUL = "\x00"
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_ADMIN = "/admin/"
_LIST = unwrap(ModelAdmin.changelist_view).__code__
_SQLITE_REGEX = "user-defined function raised exception"
#: Errors that in the admin only a value from outside causes. Each is logged with its traceback.
_REFUSED = (DataError, IncorrectLookupParameters, OverflowError, RecursionError, UnicodeError, ValidationError)
#: What ails the folder of uploads (`FILE_UPLOAD_TEMP_DIR`): full, over its quota, broken, read-only, or gone.
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EACCES, errno.ENOENT)


class InputGuardMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path_info.startswith(_ADMIN) and (_NUL in request.path_info or _has_nul(request.GET)):
            return bad_request(request)
        # Cookies are ours; an invalid one is ignored everywhere.
        request.COOKIES = {name: value for name, value in request.COOKIES.items() if _NUL not in name + value}
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Mapping[str, Any]
    ) -> HttpResponseBase | None:
        """The first to read the form, which stores what is uploaded with it."""
        if not request.path_info.startswith(_ADMIN) or request.content_type not in _FORMS:
            return None
        try:
            request.POST  # noqa: B018 - parsed when first read
        except OSError as error:
            if isinstance(error, UnreadablePostError) or error.errno not in _NO_ROOM:
                raise
            log.error("An upload could not be stored: %s", request.path, exc_info=error)
            return not_stored(request)
        _check_form(request, view)
        return None

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponseBase | None:
        """Elsewhere than in the admin, only what the database refuses; a validation that fails there is a bug."""
        if isinstance(error, Limited):
            return too_many(request, error)
        refused = _REFUSED if request.path_info.startswith(_ADMIN) else DataError
        if not isinstance(error, refused) and not (request.GET and _failed_in_list(error)):
            return None
        log.warning("Bad Request: %s", request.path, exc_info=error, extra={"status_code": 400, "request": request})
        return bad_request(request)


def _failed_in_list(error: Exception) -> bool:
    """Whether a list of the admin failed, as opposed to its template: then its query asks for the impossible.

    That may be anything, as Django passes on every lookup: years before 1, regular expressions, ranges of three. An
    outage of the database is none of it; SQLite reports a broken regular expression as one.
    """
    if isinstance(error, OperationalError | InterfaceError) and str(error) != _SQLITE_REGEX:
        return False
    return any(frame.f_code is _LIST for frame, _line in walk_tb(error.__traceback__))


def _check_form(request: HttpRequest, view: Any) -> None:
    if _has_nul(request.POST):
        raise BadRequest("A field contains a NUL character.")
    if page := getattr(view, "model_admin", None):
        _check_keys(page.opts.pk, request.POST.getlist(ACTION_CHECKBOX_NAME))


def _has_nul(fields: QueryDict) -> bool:
    return any(_NUL in text for name, values in fields.lists() for text in (name, *values) if isinstance(text, str))


def _check_keys(field: Any, keys: Iterable[str]) -> None:
    """The keys of the chosen rows of an admin list; the admin itself expects them to be valid."""
    try:
        for key in keys:
            field.run_validators(field.to_python(key))
    except ValidationError as error:
        raise BadRequest("An action is about a row that cannot exist.") from error
