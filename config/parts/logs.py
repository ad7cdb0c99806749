"""Django's `LOGGING`: plain lines, or with `LOG_FORMAT=json` an object a line. Personal data is masked in both."""

from typing import Any

from config import env

JSON_FORMATTER = "config.telemetry.json_lines.JsonFormatter"
ACCESS_LOG = "config.telemetry.access_log.AccessLogMiddleware"


def is_json() -> bool:
    return env.choice("LOG_FORMAT", ("plain", "json")) == "json"


def middleware() -> list[str]:
    """The access log, which plain lines do not have."""
    return [ACCESS_LOG] if is_json() else []


def logging_settings() -> dict[str, Any]:
    """Lines of a run are kept with a failed attempt in plain format, whatever the console has."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"chain": {"()": "messaging.tracing.ChainFilter"}},
        "formatters": {
            "plain": {
                "class": "messaging.operations.privacy.masking.MaskingFormatter",
                "format": "%(asctime)s %(levelname)s %(name)s [%(chain)s] %(message)s",
            },
            **({"json": {"()": JSON_FORMATTER}} if is_json() else {}),
        },
        "handlers": {
            "console": {
                "class": "logging.StreamHandler",
                "formatter": "json" if is_json() else "plain",
                "filters": ["chain"],
            },
            "attempt": {
                "class": "messaging.recording.flight_recorder.Handler",
                "formatter": "plain",
                "filters": ["chain"],
            },
        },
        "root": {
            "handlers": ["console", "attempt"],
            "level": env.choice("LOG_LEVEL", ("INFO", "DEBUG", "WARNING", "ERROR")),
        },
    }
