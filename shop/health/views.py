"""Liveness, readiness and metrics endpoints."""

import hmac
from collections.abc import Iterator, Mapping

from django.apps import apps
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from messaging.telemetry.gauges import FAMILIES, registry
from shop.health import probes
from shop.health.deployment import COLLECT, MIGRATE, has_static_files
from shop.limits.metrics import LimitsCollector

if apps.is_installed("messaging.operations"):
    from shop.health.drain import drain

    FAMILIES.append(drain)
registry.register(LimitsCollector())


@require_safe
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """Liveness: the process responds. Checks no dependencies."""
    return JsonResponse({"status": "ok"})


@require_safe
@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    """Readiness: 503 without the database, its migrations or the static files, with a sentence for each.

    Broker and beat are reported only: the shop sells without them.
    """
    database, broker = probes.database(), probes.broker()
    reachable = database == probes.OK
    states = {
        "database": database,
        "broker": broker,
        "beat": probes.beat() if reachable else probes.UNKNOWN,
        "migrations": probes.migrations() if reachable else probes.UNKNOWN,
        "static_files": probes.OK if has_static_files() else probes.MISSING,
    }
    problems = list(_problems(states))
    status = "unavailable" if problems else "ok"
    return JsonResponse({"status": status, **states, "problems": problems}, status=503 if problems else 200)


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus metrics. Requires METRICS_TOKEN as a bearer token; without one set, demo and debug mode only."""
    token = settings.METRICS_TOKEN
    if not token and not (settings.CONVEYOR_DEMO or settings.DEBUG):
        return HttpResponse("Not found.\n", status=404, content_type="text/plain")
    if token and not hmac.compare_digest(request.headers.get("Authorization", "").encode(), f"Bearer {token}".encode()):
        return HttpResponse("METRICS_TOKEN required.\n", status=401, headers={"WWW-Authenticate": "Bearer"})
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _problems(states: Mapping[str, str]) -> Iterator[str]:
    """Everyone may read them: they name no migration, file or error."""
    if states["database"] != probes.OK:
        yield "The database does not answer, or takes no writes."
    if states["migrations"] == probes.PENDING:
        yield f"The database lacks migrations of this release. Run: {MIGRATE}"
    if states["static_files"] != probes.OK:
        yield f"The static files were not collected when this process started. Run: {COLLECT}, then restart it."
