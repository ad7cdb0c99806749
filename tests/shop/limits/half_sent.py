"""A WSGI application behind the guard of bodies, for a web server of the tests: it answers with what it was sent."""

import os
from collections.abc import Callable, Iterable
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from shop.limits.bodies import Bodies


def echo(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    if environ["PATH_INFO"] == "/acted":
        environ["wsgi.errors"].write(f"acted on {len(body)} bytes\n")
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [body or b"page"]


application = Bodies(echo)
