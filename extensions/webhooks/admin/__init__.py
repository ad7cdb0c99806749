"""Admin pages of webhooks: endpoints, and the log of deliveries."""

from extensions.webhooks.admin.deliveries import DeliveryAdmin
from extensions.webhooks.admin.endpoints import EndpointAdmin

__all__ = ["DeliveryAdmin", "EndpointAdmin"]
