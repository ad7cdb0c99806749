"""Middleware that shows times in the visitor's time zone, which the browser sends in a cookie."""

from collections.abc import Callable
from functools import lru_cache
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

COOKIE = "timezone"
# Operators compare times with logs, programs with each other: both keep the shop's own zone.
_NOT_FOR = ("/admin/", "/api/")
_ZONES = 500


class TimeZoneMiddleware:
    """Activates the zone that the cookie names; without it, or with nonsense in it, times are in TIME_ZONE."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        name = request.COOKIES.get(COOKIE, "")
        zone = None if request.path_info.startswith(_NOT_FOR) else _zone(name[:64])
        with timezone.override(zone or timezone.get_default_timezone()):
            return self.get_response(request)


@lru_cache(maxsize=_ZONES)
def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        return None
