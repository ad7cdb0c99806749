"""Examples of the shop's requests and responses in the OpenAPI document, by the name of their schema."""

from typing import Any, Final

from messaging.operations.api import examples as desk


def _euros(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "EUR", "display": f"€{amount / 100:.2f}"}


_RETURN: Final = {
    "id": "0d9f3c86-6f0c-4f43-9a8b-6f0c4f439a8b",
    "number": "CV-100234-R1",
    "status": "requested",
    "reason": "damaged",
    "requested_at": "2026-11-30T09:14:03+01:00",
    "lines": [{"sku": "MUG-RED", "name": "Red mug", "quantity": 1}],
    "amount": _euros(0),
    "carrier": "Swiftpost",
    "tracking_number": "SP987654321",
    "label_url": "https://shop.example/orders/q7Zk2mVx9Tn4/returns/0d9f3c86-6f0c-4f43-9a8b-6f0c4f439a8b/label.pdf",
}
EXAMPLES: Final[dict[str, Any]] = {
    "OrderIn": {
        "email": "ada@example.com",
        "name": "Ada Lovelace",
        "address": {"line1": "1 Main Street", "city": "Berlin", "postcode": "10115", "country": "DE"},
        "shipping_method": "standard",
        "payment_method": "pm_card_visa",
        "lines": [{"sku": "MUG-RED", "quantity": 2}],
    },
    "PayIn": {"payment_method": "pm_card_visa"},
    "RefundIn": {"amount": 1490, "reason": "One mug arrived broken."},
    "ReturnIn": {"lines": [{"sku": "MUG-RED", "quantity": 1}], "reason": "damaged", "comment": "The handle is broken."},
    "Return": _RETURN,
    "Returns": {"results": [_RETURN]},
    "Credentials": {"username": "operator", "password": "operator"},
    "Token": {"token": "3f9a1c7e5b2d", "expiry": "2026-11-27T18:14:03Z"},
    "Product": {
        "sku": "MUG-RED",
        "name": "Red mug",
        "slug": "red-mug",
        "price": _euros(1490),
        "stock": 42,
        "category": "kitchen",
        "image": "https://shop.example/static/shop/products/red-mug.webp",
    },
    "Order": {
        "number": "CV-100234",
        "public_id": "q7Zk2mVx9Tn4",
        "status": "shipped",
        "total": _euros(3470),
        "tax": _euros(554),
        "lines": [
            {
                "sku": "MUG-RED",
                "name": "Red mug",
                "quantity": 2,
                "unit_price": _euros(1490),
                "total": _euros(2980),
            }
        ],
        "shipping_method": "standard",
        "timeline": [
            {"at": "2026-11-27T09:14:03+01:00", "event": "placed", "text": "Order placed"},
            {"at": "2026-11-27T09:14:05+01:00", "event": "paid", "text": "Payment approved"},
        ],
        "payment": {"status": "captured", "attempts": 1, "action_url": None},
        "shipment": {"status": "in_transit", "carrier": "swiftpost", "tracking_number": "SP123456789DE"},
        "invoice": {
            "number": "2026-000042",
            "url": "https://shop.example/orders/q7Zk2mVx9Tn4/invoice.pdf",
        },
        "credit_notes": [],
        "returns": [],
        "return_until": None,
        "links": {
            "self": "https://shop.example/api/v1/orders/q7Zk2mVx9Tn4/",
            "track": "https://shop.example/orders/q7Zk2mVx9Tn4/",
        },
    },
}


def add_examples(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """drf-spectacular's hook: an example for every request and response body."""
    desk.add_to(result, desk.EXAMPLES | EXAMPLES)
    return result
