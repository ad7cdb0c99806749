"""URLs of the API."""

from django.urls import path, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from shop.api import bulk, groups, operations, orders, products, tokens
from shop.api.views import Unknown

app_name = "api"
urlpatterns = [
    path("v1/products/", products.Products.as_view(), name="products"),
    path("v1/products/<str:sku>/", products.ProductDetail.as_view(), name="product"),
    path("v1/orders/", orders.Orders.as_view(), name="orders"),
    path("v1/orders/<slug:public_id>/", orders.OrderDetail.as_view(), name="order"),
    path("v1/orders/<slug:public_id>/cancel/", orders.Cancel.as_view(), name="order-cancel"),
    path("v1/orders/<slug:public_id>/pay/", orders.Pay.as_view(), name="order-pay"),
    path("v1/orders/<slug:public_id>/refunds/", orders.Refunds.as_view(), name="order-refunds"),
    path("v1/auth/token/", tokens.Tokens.as_view(), name="token"),
    path("v1/failed-tasks/", operations.FailedTasks.as_view(), name="failed-tasks"),
    path("v1/failed-tasks/<uuid:message_id>/", operations.FailedTaskDetail.as_view(), name="failed-task"),
    path("v1/failed-tasks/<uuid:message_id>/retry/", operations.Retry.as_view(), name="failed-task-retry"),
    path("v1/failed-tasks/<uuid:message_id>/discard/", operations.Discard.as_view(), name="failed-task-discard"),
    path("v1/failed-tasks/<uuid:message_id>/restore/", operations.Restore.as_view(), name="failed-task-restore"),
    path("v1/failed-tasks/<uuid:message_id>/edit/", operations.Edit.as_view(), name="failed-task-edit"),
    path("v1/failed-tasks/<uuid:message_id>/reveal/", operations.Reveal.as_view(), name="failed-task-reveal"),
    path("v1/failure-groups/", groups.FailureGroups.as_view(), name="failure-groups"),
    path("v1/failure-groups/<slug:group_id>/", groups.FailureGroupDetail.as_view(), name="failure-group"),
    path(
        "v1/failure-groups/<slug:group_id>/acknowledge/",
        groups.Acknowledge.as_view(),
        name="failure-group-acknowledge",
    ),
    path("v1/failure-groups/<slug:group_id>/resolve/", groups.Resolve.as_view(), name="failure-group-resolve"),
    path("v1/bulk-retries/", bulk.BulkRetries.as_view(), name="bulk-retries"),
    path("v1/bulk-retries/<uuid:operation_id>/", bulk.BulkRetryDetail.as_view(), name="bulk-retry"),
    path("v1/bulk-retries/<uuid:operation_id>/items/", bulk.BulkRetryItems.as_view(), name="bulk-retry-items"),
    path("v1/bulk-retries/<uuid:operation_id>/start/", bulk.Start.as_view(), name="bulk-retry-start"),
    path("v1/bulk-retries/<uuid:operation_id>/pause/", bulk.Pause.as_view(), name="bulk-retry-pause"),
    path("v1/bulk-retries/<uuid:operation_id>/resume/", bulk.Resume.as_view(), name="bulk-retry-resume"),
    path("v1/bulk-retries/<uuid:operation_id>/cancel/", bulk.Cancel.as_view(), name="bulk-retry-cancel"),
    path("v1/queues/", operations.Queues.as_view(), name="queues"),
    path("v1/queues/<slug:name>/pause/", operations.PauseQueue.as_view(), name="queue-pause"),
    path("v1/queues/<slug:name>/resume/", operations.ResumeQueue.as_view(), name="queue-resume"),
    path("v1/circuits/", operations.Circuits.as_view(), name="circuits"),
    path("v1/circuits/<str:name>/probe/", operations.ProbeCircuit.as_view(), name="circuit-probe"),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path(
        "docs/",
        SpectacularSwaggerSplitView.as_view(url_name="api:schema", template_name="shop/api/docs.html"),
        name="docs",
    ),
    re_path(r"^", Unknown.as_view(), name="unknown"),
]
