"""The operators' desk: failed tasks, queues, bulk retry and audit log, in the admin, an API and `manage.py dlq`.

A Django app of its own, `"messaging.operations"`. It listens to the engine's signals; the engine never imports it.
"""
