"""Message payloads of webhooks."""

from uuid import UUID

from messaging.payloads import Payload


class Deliver(Payload, task="webhooks.deliver", routing_key="webhook.deliver"):
    """Send an event to one endpoint. The delivery has the body, as it was at the time of the event."""

    delivery_id: UUID


class PurgeDeliveries(Payload, task="webhooks.purge_deliveries", routing_key="maintenance.purge"):
    """Delete old deliveries with their attempts."""
