"""Project configuration: settings, URLs, the Celery application and the processes of a running shop."""
