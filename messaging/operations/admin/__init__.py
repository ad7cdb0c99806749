"""The operators' desk in the Django admin: failures, bulk retries, queues, audit log."""

from messaging.operations.admin.audit_log import AlertAdmin, AuditEntryAdmin
from messaging.operations.admin.bulk_retries import BulkOperationAdmin
from messaging.operations.admin.failed_tasks import FailedTaskAdmin
from messaging.operations.admin.failure_groups import FailureGroupAdmin
from messaging.operations.admin.messages import MessageAdmin
from messaging.operations.admin.queues import QueuesAdmin
from messaging.operations.admin.saved_filters.admin import SavedFilterAdmin

__all__ = [
    "AlertAdmin", "AuditEntryAdmin", "BulkOperationAdmin", "FailedTaskAdmin", "FailureGroupAdmin", "MessageAdmin",
    "QueuesAdmin", "SavedFilterAdmin",
]  # fmt: skip
