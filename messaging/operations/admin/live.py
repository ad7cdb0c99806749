"""How does a part of a page stay up to date without disturbing who reads it? It is sent again only if it has changed.

The part tells its version with each question, in `If-None-Match`; the answer is 304 while it is still the same, and
then nothing on the page moves. `operations/live.js` keeps focus and selection where something does.
"""

import hashlib
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.safestring import SafeString


def part(request: HttpRequest, template: str, context: dict[str, Any]) -> dict[str, Any]:
    """What `_live.html` needs: the part as text, and its version."""
    text = render_to_string(template, context, request)
    return {"part": SafeString(text), "version": hashlib.sha256(text.encode()).hexdigest()[:16]}


def answer(request: HttpRequest, template: str, context: dict[str, Any], *, again: str) -> HttpResponse:
    """The part, to be asked for again at `again`; or that it has not changed."""
    made = part(request, template, context) | {"again": again}
    if request.headers.get("If-None-Match") == f'"{made["version"]}"':
        return HttpResponse(status=304)
    return HttpResponse(render_to_string("admin/operations/_live.html", made, request))
