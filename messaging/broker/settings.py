"""Celery settings that lose no message, and the transport options of each broker."""

from collections.abc import Mapping
from typing import Any

from celery.schedules import crontab

from messaging.broker import tls
from messaging.topology import Topology

CONNECT_TIMEOUT = 2
SOCKET_TIMEOUT = 10
#: Celery's own 4 s would kill a pool process that starts slowly on a busy machine, and its replacement again.
PROCESS_START_TIMEOUT = 60.0
#: The engine's entries for `beat_schedule`; seconds, or a time of day in UTC.
SCHEDULE: dict[str, dict[str, Any]] = {
    "purge finished messages": {"task": "messaging.purge_finished", "schedule": 600.0},
    "check what changed": {"task": "messaging.check_invariants", "schedule": 300.0},
    "check everything": {"task": "messaging.check_everything", "schedule": crontab(hour="3", minute="0")},
}
#: Settings that depend on nothing.
FIXED: dict[str, Any] = {
    "task_acks_late": True,
    "task_reject_on_worker_lost": True,
    "task_acks_on_failure": False,
    "task_acks_on_timeout": False,
    "broker_channel_error_retry": True,  # Redis reports a failover as a channel error
    "worker_consumer": "messaging.worker.consumer:Consumer",
    "broker_connection_retry_on_startup": True,
    "broker_connection_max_retries": None,
    "broker_connection_timeout": CONNECT_TIMEOUT,
    "task_create_missing_queues": False,
    "task_serializer": "json",
    "accept_content": ["json"],
    "task_ignore_result": True,
    "beat_scheduler": "messaging.scheduler:LedgerScheduler",
    "beat_schedule": SCHEDULE,
    "worker_prefetch_multiplier": 1,
    "worker_cancel_long_running_tasks_on_connection_loss": True,
    "worker_proc_alive_timeout": PROCESS_START_TIMEOUT,
    "worker_soft_shutdown_timeout": 5.0,
    "worker_enable_soft_shutdown_on_idle": False,
    "worker_hijack_root_logger": False,
    "task_send_sent_event": False,
    "enable_utc": True,
    # Celery closes the database connection around every task unless it may be reused this often.
    "CELERY_DB_REUSE_MAX": 10**9,
}


def is_amqp(broker_url: str) -> bool:
    return broker_url.startswith("amqp")


def celery_settings(
    broker_url: str,
    *,
    topology: Mapping[str, Any],
    visibility: float = 60.0,
    hard_limit: float = 25.0,
    ca_certs: str = "",
) -> dict[str, Any]:
    """Celery's settings, in lower case. `topology` is `settings.MESSAGING`; `visibility` and `hard_limit` are seconds.

    `ca_certs` is a PEM file for `amqps://` and `rediss://`.
    The hard time limit kills what ignores the soft one at 80 %; both end as failed attempts in the ledger.
    """
    queues = Topology.from_settings(topology)
    broker_url, tls_options = tls.split(broker_url, ca_certs=ca_certs)
    return FIXED | {
        "broker_url": broker_url,
        "broker_use_ssl": tls_options or False,
        "broker_transport_options": transport_options(broker_url, visibility=visibility),
        "task_queues": queues.kombu_queues(),
        "task_default_queue": queues.maintenance,
        "task_soft_time_limit": hard_limit * 0.8,
        "task_time_limit": hard_limit,
    }


def transport_options(broker_url: str, *, visibility: float) -> dict[str, Any]:
    """Options with bounded timeouts. Each broker fails on the other's options, so the two sets are never mixed."""
    if is_amqp(broker_url):
        # No publisher confirms: workers publish only events and answers, and must not wait when the broker blocks them.
        # The relay confirms on a channel of its own.
        return {"read_timeout": SOCKET_TIMEOUT, "write_timeout": SOCKET_TIMEOUT}
    return {
        "visibility_timeout": visibility,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "priority_steps": list(range(10)),
        "socket_timeout": SOCKET_TIMEOUT,
        "socket_connect_timeout": CONNECT_TIMEOUT,
        "socket_keepalive": True,
    }
