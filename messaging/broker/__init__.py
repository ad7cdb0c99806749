"""Brokers: Celery settings that lose no message, a Redis transport with dead letters, and queries to the broker."""
