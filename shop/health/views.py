"""Liveness, readiness and metrics endpoints."""

import logging
from collections.abc import Iterator, Mapping
from http import HTTPStatus

from django.apps import apps
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from messaging.telemetry.gauges import FAMILIES, registry
from messaging.telemetry.store import ProcessesCollector
from shop.health import order_metrics, probes
from shop.health.access import status_for
from shop.health.deployment import COLLECT, MIGRATE, has_static_files
from shop.limits.metrics import LimitsCollector

log = logging.getLogger(__name__)
_logged: list[str] = []
_broker = [probes.OK]

if apps.is_installed("messaging.operations"):
    from shop.health.drain import drain

    FAMILIES.append(drain)
FAMILIES.append(order_metrics.overdue)
registry.register(LimitsCollector())
registry.register(ProcessesCollector())


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
    database = probes.database()
    reachable = database == probes.OK
    states = {
        "database": database,
        "broker": probes.broker(database=reachable),
        "beat": probes.beat() if reachable else probes.UNKNOWN,
        "migrations": probes.migrations() if reachable else probes.UNKNOWN,
        "static_files": probes.OK if has_static_files() else probes.MISSING,
    }
    problems = list(_problems(states))
    _log_change(problems)
    _log_broker(states["broker"])
    status = "unavailable" if problems else "ok"
    response = JsonResponse({"status": status, **states, "problems": problems}, status=503 if problems else 200)
    response._has_been_logged = True  # type: ignore[attr-defined]  # Django would log an error for every probe
    return response


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus metrics. Requires METRICS_TOKEN as a bearer token; without one set, demo and debug mode only."""
    status = status_for(request.headers.get("Authorization", ""))
    if status == HTTPStatus.NOT_FOUND:
        return HttpResponse("Not found.\n", status=404, content_type="text/plain")
    if status == HTTPStatus.UNAUTHORIZED:
        return HttpResponse("METRICS_TOKEN required.\n", status=401, headers={"WWW-Authenticate": "Bearer"})
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _log_change(problems: list[str]) -> None:
    if problems != _logged:
        _logged[:] = problems
        if problems:
            log.warning("not ready: %s", " ".join(problems))
        else:
            log.info("ready")


def _log_broker(state: str) -> None:
    if [state] != _broker:
        _broker[:] = [state]
        log.log(logging.INFO if state == probes.OK else logging.WARNING, "broker: %s", state)


def _problems(states: Mapping[str, str]) -> Iterator[str]:
    """Everyone may read them: they name no migration, file or error."""
    if states["database"] != probes.OK:
        yield "The database does not answer, or takes no writes."
    if states["migrations"] == probes.PENDING:
        yield f"The database lacks migrations of this release. Run: {MIGRATE}"
    if states["static_files"] != probes.OK:
        yield f"The static files were not collected when this process started. Run: {COLLECT}, then restart it."
