"""Workers: the base class of reliable tasks, and the changes to Celery's worker that it needs."""
