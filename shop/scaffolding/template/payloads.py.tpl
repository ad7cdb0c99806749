"""Message payloads of $name."""

from messaging.payloads import Payload


class RecordOrder(Payload, task="$name.record_order", routing_key="$name.record"):
    """Record a paid order."""

    order_id: int
