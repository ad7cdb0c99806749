"""Starts JSON logs, traces and Sentry in every process. The settings install this app if one of them is on."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Final
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from config.parts.telemetry import Telemetry
from config.telemetry import stray_output
from config.telemetry.json_lines import JsonFormatter
from config.telemetry.paths import private
from config.telemetry.role import role
from messaging.operations.privacy.masking import mask_text

#: Characters of a cause.
MOST: Final = 300
#: By these, OpenTelemetry finds another package's sessions.
CREDENTIALS: Final = (
    "OTEL_PYTHON_EXPORTER_OTLP_HTTP_CREDENTIAL_PROVIDER",
    "OTEL_PYTHON_EXPORTER_OTLP_HTTP_TRACES_CREDENTIAL_PROVIDER",
)


class TelemetryConfig(AppConfig):
    name = "config.telemetry"
    label = "telemetry"

    def ready(self) -> None:
        """Raises `ImproperlyConfigured` for whatever the packages refuse: they read variables of their own."""
        if settings.TELEMETRY.json_logs:
            stray_output.capture(JsonFormatter())
        if settings.TELEMETRY.traces:
            with _refusing("Traces", *sorted(name for name in os.environ if name.startswith("OTEL_"))):
                start_traces(settings.TELEMETRY)
        if settings.TELEMETRY.sentry_dsn:
            with _refusing("Reports to Sentry", "SENTRY_DSN"):
                start_sentry(settings.TELEMETRY)


@contextmanager
def _refusing(what: str, *variables: str) -> Iterator[None]:
    """Raise one sentence that names `variables` for any error. Their values are left out: some are secrets."""
    try:
        yield
    except Exception as error:
        cause = " ".join(str(error).split())[:MOST].rstrip(".")
        raise ImproperlyConfigured(
            f"{what} cannot start ({type(error).__name__}: {cause}); correct or unset {', '.join(variables)}."
        ) from error


def start_sentry(telemetry: Telemetry) -> None:
    from config.telemetry import sentry

    sentry.start(dsn=telemetry.sentry_dsn, environment=telemetry.environment, release=settings.CONVEYOR_RELEASE)


def start_traces(telemetry: Telemetry) -> None:
    """Start the provider, observe messages, and instrument Django and, if wanted, its database connections."""
    from config.telemetry import http_spans, sql_spans
    from messaging.hooks import observers
    from messaging.signals import messages_revived
    from messaging.telemetry import endings, exporting
    from messaging.telemetry.spans import SCOPE, FinishedSpans
    from messaging.telemetry.traces import Traces

    exporter = exporting.CleaningExporter(
        exporting.exporter(telemetry.traces, path=telemetry.traces_file, session=session()),
        clean=mask_text,
        clean_path=private,
    )
    provider, processor = exporting.provider_of(exporter, resource=_resource(telemetry))
    system = "rabbitmq" if urlsplit(settings.BROKER_URL).scheme.startswith("amqp") else "redis"
    traces = Traces(tracer=provider.get_tracer(SCOPE), finished=FinishedSpans(provider, processor), system=system)
    observers.register(traces)
    messages_revived.connect(traces.revived, weak=False)
    http_spans.instrument(provider)
    if telemetry.sql:
        sql_spans.instrument(provider)
    endings.at_exit(partial(exporting.stop, provider))


def session() -> Any:
    """Bounded, unless a package of its own makes the session, as for a collector that wants fresh credentials."""
    if any(os.environ.get(name) for name in CREDENTIALS):
        return None
    from orders.bounded.http import BoundedSession

    return BoundedSession()


def _resource(telemetry: Telemetry) -> dict[str, str]:
    return {
        "service.name": telemetry.service or f"conveyor-{role()}",
        "service.namespace": "conveyor",
        "service.version": settings.CONVEYOR_RELEASE,
        "deployment.environment.name": telemetry.environment,
    }
