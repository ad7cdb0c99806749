"""`OTEL_…`, `SENTRY_DSN`: what telemetry sends, and where. Nothing of it is imported unless it is on."""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from config import env
from config.parts import logs

APP = "config.telemetry.apps.TelemetryConfig"
INSTALL = "pip install -r requirements-telemetry.txt"
EXPORTERS = ("otlp", "console", "file", "none")
SAMPLERS = (
    "parentbased_always_on", "parentbased_always_off", "parentbased_traceidratio", "always_on", "always_off",
    "traceidratio",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Telemetry:
    """`traces` is the exporter's name, empty for no traces; `sentry_dsn` is empty for no reports to Sentry."""

    json_logs: bool = False
    traces: str = ""
    traces_file: Path = Path("traces.jsonl")
    sql: bool = False
    service: str = ""
    sentry_dsn: str = ""
    environment: str = ""

    @property
    def apps(self) -> list[str]:
        return [APP] if self.json_logs or self.traces or self.sentry_dsn else []


def telemetry(*, demo: bool) -> Telemetry:
    """What the variables say. Raises `ImproperlyConfigured`, also if a package that they need is missing."""
    dsn = env.text("SENTRY_DSN")
    if dsn and not _is_dsn(dsn):
        raise ImproperlyConfigured("SENTRY_DSN is not a valid DSN; copy it from the project's settings in Sentry.")
    if dsn:
        _require("sentry_sdk", by="SENTRY_DSN")
    return Telemetry(
        json_logs=logs.is_json(),
        traces=_exporter(),
        traces_file=Path(env.text("CONVEYOR_TRACES_FILE") or env.var_dir() / "traces.jsonl"),
        sql=env.flag("CONVEYOR_TRACES_SQL"),
        service=env.text("OTEL_SERVICE_NAME"),
        sentry_dsn=dsn,
        environment=env.text("SENTRY_ENVIRONMENT") or ("demo" if demo else "production"),
    )


def _is_dsn(dsn: str) -> bool:
    """Whether it is a URL with a key before its host, and a project's number at its end."""
    is_url = env.is_url(dsn, schemes={"http", "https"})
    return is_url and bool(urlsplit(dsn).username) and dsn.rpartition("/")[2].isdecimal()


def _exporter() -> str:
    """The name of the exporter; empty if traces are off."""
    endpoints = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
    set_ = [name for name in (*endpoints, "OTEL_TRACES_EXPORTER") if env.text(name)]
    kind = env.choice("OTEL_TRACES_EXPORTER", EXPORTERS)
    if not set_ or kind == "none" or env.flag("OTEL_SDK_DISABLED"):
        return ""
    _require("opentelemetry.sdk", "opentelemetry.instrumentation.django", by=set_[-1])
    env.choice("OTEL_TRACES_SAMPLER", SAMPLERS)
    env.number("OTEL_TRACES_SAMPLER_ARG", default=1, minimum=0, maximum=1)
    if kind == "otlp":
        _check_otlp(endpoints)
    return kind


def _check_otlp(endpoints: tuple[str, ...]) -> None:
    _require("opentelemetry.exporter.otlp.proto.http", by="OTEL_EXPORTER_OTLP_ENDPOINT")
    for name in endpoints:
        if (url := env.text(name)) and not env.is_url(url, schemes={"http", "https"}):
            raise ImproperlyConfigured(
                f"{name} is {url!r}; it must be the address of a collector, such as http://127.0.0.1:4318."
            )
    for name in ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"):
        env.choice(name, ("http/protobuf",))


def _require(*modules: str, by: str) -> None:
    for module in modules:
        try:
            found = find_spec(module)
        except ModuleNotFoundError:
            found = None
        if found is None:
            raise ImproperlyConfigured(f"{by} is set, but {module} is not installed; run `{INSTALL}`.")
