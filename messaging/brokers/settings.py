"""Which Celery settings keep every message, and which transport options belong to which broker?"""

from typing import Any

CONNECT_TIMEOUT = 2
SOCKET_TIMEOUT = 10
DEAD_TASK_POLICY: dict[str, Any] = {
    "task_acks_late": True,
    "task_reject_on_worker_lost": True,
    "task_acks_on_failure": False,
    "task_acks_on_timeout": False,
}


def is_amqp(broker_url: str) -> bool:
    return broker_url.startswith("amqp")


def celery_settings(broker_url: str, *, visibility: float, hard_limit: float) -> dict[str, Any]:
    """Celery's settings, in lower case. `visibility` and `hard_limit` are seconds.

    A hard time limit ends what a soft one could not; both end in the ledger.
    """
    return DEAD_TASK_POLICY | {
        "broker_url": broker_url,
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "broker_connection_timeout": CONNECT_TIMEOUT,
        "broker_transport_options": transport_options(broker_url, visibility=visibility),
        "task_create_missing_queues": False,
        "task_serializer": "json",
        "accept_content": ["json"],
        "task_ignore_result": True,
        "task_track_started": False,
        "task_soft_time_limit": hard_limit * 0.8,
        "task_time_limit": hard_limit,
        "worker_prefetch_multiplier": 1,
        "worker_cancel_long_running_tasks_on_connection_loss": True,
        "worker_soft_shutdown_timeout": 5.0,
        "worker_enable_soft_shutdown_on_idle": False,
        "worker_hijack_root_logger": False,
        "worker_send_task_events": True,
        "task_send_sent_event": False,
        "enable_utc": True,
    }


def transport_options(broker_url: str, *, visibility: float) -> dict[str, Any]:
    """Bounded timeouts on both; the two sets must never be mixed, since each broker stumbles over the other's."""
    if is_amqp(broker_url):
        return {"confirm_publish": True, "read_timeout": SOCKET_TIMEOUT, "write_timeout": SOCKET_TIMEOUT}
    return {
        "visibility_timeout": visibility,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "priority_steps": list(range(10)),
        "socket_timeout": SOCKET_TIMEOUT,
        "socket_connect_timeout": CONNECT_TIMEOUT,
        "socket_keepalive": True,
    }
