"""Connections to broker and database, Celery settings that lose no message, a Redis transport with dead letters."""
