"""Workers: the base of reliable tasks, and what a Celery worker does differently for them."""
