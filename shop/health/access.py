"""Who may read the metrics: the one rule of `/metrics` on the web server and on `METRICS_PORT`."""

import hmac
from http import HTTPStatus

from django.conf import settings


def status_for(authorization: str) -> HTTPStatus:
    """OK with METRICS_TOKEN as a bearer token; without one set, in demo and debug mode only, otherwise not found."""
    token = settings.METRICS_TOKEN
    if not token:
        return HTTPStatus.OK if settings.CONVEYOR_DEMO or settings.DEBUG else HTTPStatus.NOT_FOUND
    is_right = hmac.compare_digest(authorization.encode(errors="replace"), f"Bearer {token}".encode())
    return HTTPStatus.OK if is_right else HTTPStatus.UNAUTHORIZED
