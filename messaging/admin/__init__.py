"""What does an operator see of the ledger?"""

from messaging.admin.bulk import BulkOperationAdmin
from messaging.admin.failed_tasks import FailedTaskAdmin
from messaging.admin.messages import MessageAdmin
from messaging.admin.queues import QueuesAdmin

__all__ = ["BulkOperationAdmin", "FailedTaskAdmin", "MessageAdmin", "QueuesAdmin"]
