"""Metrics of processes: where they count, and the port of those that are not web servers."""

from typing import Final

from celery import signals

from config import env

FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"


def folder_of_processes() -> dict[str, str]:
    """The variable that makes the processes of this host count in one folder, below `var/` unless it is set."""
    return {FOLDER: env.text(FOLDER) or str(env.var_dir() / "metrics")}


def metrics_port() -> int:
    """`METRICS_PORT`; 0 for none."""
    return env.integer("METRICS_PORT", default=0, minimum=0, maximum=65535)


@signals.worker_init.connect(weak=False)
@signals.beat_init.connect(weak=False)
def serve_metrics(**_sent: object) -> None:
    """Workers and beat serve their metrics from the start; the relay does so in its command."""
    from shop.health import metrics_server

    metrics_server.start()
