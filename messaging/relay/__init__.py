"""Relay: publishes due messages, files dead letters, recovers lost messages. Run as `manage.py relay`."""
