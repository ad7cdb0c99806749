"""What makes a Celery task reliable?"""

from messaging.worker.task import AlreadySettled, NeverCompleted, ReliableTask, reliable_task

__all__ = ["AlreadySettled", "NeverCompleted", "ReliableTask", "reliable_task"]
