"""What does an operator see of the ledger?"""

from messaging.admin.bulk import BulkOperationAdmin
from messaging.admin.failed_tasks import FailedTaskAdmin
from messaging.admin.groups import FailureGroupAdmin
from messaging.admin.messages import MessageAdmin
from messaging.admin.queues import QueuesAdmin
from messaging.admin.records import AlertAdmin, AuditEntryAdmin

__all__ = [
    "AlertAdmin", "AuditEntryAdmin", "BulkOperationAdmin", "FailedTaskAdmin", "FailureGroupAdmin", "MessageAdmin",
    "QueuesAdmin",
]  # fmt: skip
