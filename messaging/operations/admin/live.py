"""Page fragments that refresh themselves, re-sent only when they have changed.

The browser sends the fragment's version as `If-None-Match`. While nothing has changed the answer is 304, and nothing
on the page moves. `operations/live.js` keeps focus and selection across a swap.
"""

import hashlib
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.safestring import SafeString


def fragment(request: HttpRequest, template: str, context: dict[str, Any]) -> dict[str, Any]:
    """The context of `_live.html`: the rendered fragment and its version."""
    html = render_to_string(template, context, request)
    return {"fragment": SafeString(html), "version": hashlib.sha256(html.encode()).hexdigest()[:16]}


def respond(request: HttpRequest, template: str, context: dict[str, Any], *, refresh_url: str) -> HttpResponse:
    """The fragment, which refreshes itself from `refresh_url`, or 304 if it has not changed."""
    rendered = fragment(request, template, context) | {"refresh_url": refresh_url}
    if request.headers.get("If-None-Match") == f'"{rendered["version"]}"':
        return HttpResponse(status=304)
    return HttpResponse(render_to_string("admin/operations/_live.html", rendered, request))
