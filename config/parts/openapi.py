"""drf-spectacular's settings: title, version and the names of enumerations in the API's schema."""

from typing import Any


def openapi_settings(*, desk: bool) -> dict[str, Any]:
    """With `desk`, the operators' desk is installed; the shop runs without it, too."""
    return {
        "TITLE": "Conveyor",
        "DESCRIPTION": "An event-driven shop: products, orders and the queues they travel over.",
        "VERSION": "1",
        "SERVE_INCLUDE_SCHEMA": False,
        "SCHEMA_PATH_PREFIX": "/api/v1",
        "ENFORCE_NON_BLANK_FIELDS": True,
        "POSTPROCESSING_HOOKS": [
            "drf_spectacular.hooks.postprocess_schema_enums",
            "shop.api.blank_texts.accept_any",
            "shop.api.examples.add_examples",
        ],
        "ENUM_NAME_OVERRIDES": {
            "OrderStatusEnum": "orders.models.Status.choices",
            "PaymentStatusEnum": "payments.models.PaymentStatus.choices",
            "ShipmentStatusEnum": "shipping.models.ShipmentStatus.choices",
            "ProductSortEnum": "shop.catalogue.search.Sort.choices",
            "MessageStateEnum": "messaging.models.State.choices",
        }
        | (
            {
                "BulkStateEnum": "messaging.operations.models.BulkState.choices",
                "BulkOutcomeEnum": "messaging.operations.models.ItemOutcome.choices",
            }
            if desk
            else {}
        ),
        "SWAGGER_UI_DIST": "SIDECAR",
        "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    }
