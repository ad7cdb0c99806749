"""Every address of the URL configuration, with values in place of its parameters."""

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import quote

from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RoutePattern

from tests.hostile.values import text

_PARAMETER = re.compile(r"<(?:(?P<kind>\w+):)?(?P<name>\w+)>")
_ODD = {
    "int": ("0", "9" * 30, "9" * 5000),
    "slug": ("-", "a" * 500, "_"),
    "uuid": ("00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"),
}


def routes(*, below: str = "") -> list[str]:
    """Every route below a prefix, such as `orders/<slug:public_id>/`."""
    return sorted({route for route in _routes(get_resolver().url_patterns, "") if route.startswith(below)})


def address(rng: random.Random, route: str, known: Mapping[str, Sequence[str]], *, odd: float) -> str:
    """The route's address with values that exist, from `known` by parameter name, or with probability `odd` not."""

    def fill(match: re.Match[str]) -> str:
        kind, values = match["kind"] or "str", known.get(match["name"], ())
        if values and rng.random() >= odd:
            return quote(rng.choice(values))
        return quote(rng.choice(_ODD[kind]) if kind in _ODD else text(rng) or "-", safe="")

    return "/" + _PARAMETER.sub(fill, route)


def _routes(patterns: Sequence[URLPattern | URLResolver], prefix: str) -> Iterator[str]:
    for pattern in patterns:
        own = str(pattern.pattern) if isinstance(pattern.pattern, RoutePattern) else ""
        if isinstance(pattern, URLResolver):
            yield from _routes(pattern.url_patterns, prefix + own)
        else:
            yield prefix + own
