"""Variables of telemetry: off by default, and one sentence where something is wrong or missing."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.parts import logs, telemetry

VARIABLES = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_TRACES_EXPORTER", "OTEL_SDK_DISABLED", "SENTRY_DSN", "LOG_FORMAT")


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def read(monkeypatch, **variables):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return telemetry.telemetry(demo=False)


def test_everything_is_off_by_default(monkeypatch):
    found = read(monkeypatch)
    assert (found.traces, found.sentry_dsn, found.apps, logs.middleware()) == ("", "", [], [])
    assert logs.logging_settings()["handlers"]["console"]["formatter"] == "plain"


@pytest.mark.parametrize(
    ("variables", "exporter"),
    [
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}, "otlp"),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://collector.example/v1/traces"}, "otlp"),
        ({"OTEL_TRACES_EXPORTER": "file"}, "file"),
        ({"OTEL_TRACES_EXPORTER": "console", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}, "console"),
        ({"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}, ""),
        ({"OTEL_SDK_DISABLED": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}, ""),
    ],
)
def test_an_endpoint_or_an_exporter_turns_traces_on(monkeypatch, variables, exporter):
    found = read(monkeypatch, **variables)
    assert found.traces == exporter
    assert found.apps == ([telemetry.APP] if exporter else [])


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"OTEL_TRACES_EXPORTER": "zipkin"}, "OTEL_TRACES_EXPORTER is 'zipkin'; it must be one of: otlp, console"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4318"}, "it must be the address of a collector, such as http://"),
        (
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://a:4318", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
            "OTEL_EXPORTER_OTLP_PROTOCOL is 'grpc'; it must be one of: http/protobuf.",
        ),
        ({"OTEL_TRACES_EXPORTER": "file", "OTEL_TRACES_SAMPLER": "some"}, "OTEL_TRACES_SAMPLER is 'some'; it must be"),
        ({"OTEL_TRACES_EXPORTER": "file", "OTEL_TRACES_SAMPLER_ARG": "2"}, "must be a number from 0 to 1."),
        ({"SENTRY_DSN": "https://sentry.example/1"}, "SENTRY_DSN is not a valid DSN; copy it from"),
        ({"SENTRY_DSN": "https://@sentry.example/1"}, "SENTRY_DSN is not a valid DSN; copy it from"),
        ({"SENTRY_DSN": "https://sentry.example/@/1"}, "SENTRY_DSN is not a valid DSN; copy it from"),
        ({"SENTRY_DSN": "https://key@sentry.example/²"}, "SENTRY_DSN is not a valid DSN; copy it from"),
        ({"LOG_FORMAT": "xml"}, "LOG_FORMAT is 'xml'; it must be one of: plain, json."),
    ],
)
def test_a_wrong_value_is_refused_in_a_sentence(monkeypatch, variables, sentence):
    with pytest.raises(ImproperlyConfigured) as refused:
        read(monkeypatch, **variables)
    assert sentence in str(refused.value)


@pytest.mark.parametrize(
    ("variable", "value", "package"),
    [
        ("OTEL_TRACES_EXPORTER", "file", "opentelemetry.sdk"),
        ("SENTRY_DSN", "https://public@sentry.example/1", "sentry_sdk"),
    ],
)
@pytest.mark.parametrize("error", [None, ModuleNotFoundError("opentelemetry")], ids=["no module", "no parent"])
def test_a_missing_package_is_named_with_the_command_that_installs_it(monkeypatch, variable, value, package, error):
    def find_spec(name):
        if error:
            raise error

    monkeypatch.setattr(telemetry, "find_spec", find_spec)
    with pytest.raises(ImproperlyConfigured) as refused:
        read(monkeypatch, **{variable: value})
    assert str(refused.value) == (
        f"{variable} is set, but {package} is not installed; run `pip install -r requirements-telemetry.txt`."
    )
