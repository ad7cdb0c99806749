"""Liveness, readiness and metrics endpoints."""

import hmac

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from messaging.metrics import registry
from shop.health import probes
from shop.limits.metrics import LimitsCollector

registry.register(LimitsCollector())


@require_safe
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """Liveness: the process responds. Checks no dependencies."""
    return JsonResponse({"status": "ok"})


@require_safe
@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    """Readiness: 503 without the database. Broker and beat are reported only: the shop sells without them."""
    database, broker = probes.database(), probes.broker()
    ready = database == probes.OK
    beat = probes.beat() if ready else probes.UNKNOWN
    document = {"status": "ok" if ready else "unavailable", "database": database, "broker": broker, "beat": beat}
    return JsonResponse(document, status=200 if ready else 503)


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus metrics. Requires METRICS_TOKEN as a bearer token; without one set, demo and debug mode only."""
    token = settings.METRICS_TOKEN
    if not token and not (settings.CONVEYOR_DEMO or settings.DEBUG):
        raise Http404
    if token and not hmac.compare_digest(request.headers.get("Authorization", "").encode(), f"Bearer {token}".encode()):
        return HttpResponse("METRICS_TOKEN required.\n", status=401, headers={"WWW-Authenticate": "Bearer"})
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
