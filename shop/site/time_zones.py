"""Middleware that shows times in the visitor's time zone, sent by the browser in a cookie."""

from collections.abc import Callable
from functools import lru_cache
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

COOKIE = "timezone"
# Operators compare times with logs, and API clients need one fixed zone: both get TIME_ZONE.
_EXCLUDED_PATHS = ("/admin/", "/api/")
_CACHED_ZONES = 500


class TimeZoneMiddleware:
    """Activates the zone named by the cookie; falls back to TIME_ZONE if it is missing or invalid."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        name = request.COOKIES.get(COOKIE, "")
        zone = None if request.path_info.startswith(_EXCLUDED_PATHS) else _zone(name[:64])
        with timezone.override(zone or timezone.get_default_timezone()):
            return self.get_response(request)


@lru_cache(maxsize=_CACHED_ZONES)
def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        return None
