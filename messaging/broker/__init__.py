"""Brokers: Celery settings that lose no message, and a Redis transport with dead letters and priorities."""

from messaging.broker.redis_transport import install
from messaging.broker.settings import celery_settings, is_amqp

__all__ = ["celery_settings", "install", "is_amqp"]
