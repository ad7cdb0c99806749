"""URLs of the desk's API; the project includes them under its own prefix."""

from django.urls import path

from messaging.operations.api import bulk_retries, failed_tasks, failure_groups, queues

urlpatterns = [
    path("failed-tasks/", failed_tasks.FailedTasks.as_view(), name="failed-tasks"),
    path("failed-tasks/<uuid:message_id>/", failed_tasks.FailedTaskDetail.as_view(), name="failed-task"),
    path("failed-tasks/<uuid:message_id>/retry/", failed_tasks.Retry.as_view(), name="failed-task-retry"),
    path("failed-tasks/<uuid:message_id>/discard/", failed_tasks.Discard.as_view(), name="failed-task-discard"),
    path("failed-tasks/<uuid:message_id>/restore/", failed_tasks.Restore.as_view(), name="failed-task-restore"),
    path("failed-tasks/<uuid:message_id>/release/", failed_tasks.Release.as_view(), name="failed-task-release"),
    path("failed-tasks/<uuid:message_id>/edit/", failed_tasks.Edit.as_view(), name="failed-task-edit"),
    path("failed-tasks/<uuid:message_id>/dry-run/", failed_tasks.DryRun.as_view(), name="failed-task-dry-run"),
    path("failed-tasks/<uuid:message_id>/reveal/", failed_tasks.Reveal.as_view(), name="failed-task-reveal"),
    path("failure-groups/", failure_groups.FailureGroups.as_view(), name="failure-groups"),
    path("failure-groups/<slug:group_id>/", failure_groups.FailureGroupDetail.as_view(), name="failure-group"),
    path(
        "failure-groups/<slug:group_id>/acknowledge/",
        failure_groups.Acknowledge.as_view(),
        name="failure-group-acknowledge",
    ),
    path("failure-groups/<slug:group_id>/resolve/", failure_groups.Resolve.as_view(), name="failure-group-resolve"),
    path("bulk-retries/", bulk_retries.BulkRetries.as_view(), name="bulk-retries"),
    path("bulk-retries/<uuid:operation_id>/", bulk_retries.BulkRetryDetail.as_view(), name="bulk-retry"),
    path("bulk-retries/<uuid:operation_id>/items/", bulk_retries.BulkRetryItems.as_view(), name="bulk-retry-items"),
    path("bulk-retries/<uuid:operation_id>/start/", bulk_retries.Start.as_view(), name="bulk-retry-start"),
    path("bulk-retries/<uuid:operation_id>/pause/", bulk_retries.Pause.as_view(), name="bulk-retry-pause"),
    path("bulk-retries/<uuid:operation_id>/resume/", bulk_retries.Resume.as_view(), name="bulk-retry-resume"),
    path("bulk-retries/<uuid:operation_id>/cancel/", bulk_retries.Cancel.as_view(), name="bulk-retry-cancel"),
    path("queues/", queues.Queues.as_view(), name="queues"),
    path("queues/<slug:name>/pause/", queues.PauseQueue.as_view(), name="queue-pause"),
    path("queues/<slug:name>/resume/", queues.ResumeQueue.as_view(), name="queue-resume"),
    path("circuits/", queues.Circuits.as_view(), name="circuits"),
    path("circuits/<str:name>/probe/", queues.ProbeCircuit.as_view(), name="circuit-probe"),
]
