"""What makes a Celery task reliable?"""

from messaging.worker.bootsteps import install
from messaging.worker.task import AlreadySettled, NeverCompleted, ReliableTask, reliable_task

__all__ = ["AlreadySettled", "NeverCompleted", "ReliableTask", "install", "reliable_task"]
