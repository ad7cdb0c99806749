"""The checkout page: its answers, its hidden fields, its text."""

import re

ANSWERS = {
    "email": "ada@example.com",
    "name": "Ada Lovelace",
    "line1": "1 Engine Row",
    "postcode": "N1 1AA",
    "city": "London",
    "country": "GB",
    "shipping_method": "standard",
    "payment_method": "pm_card_visa",
}


def text(response) -> str:
    return response.content.decode()


def hidden(page: str) -> dict[str, str]:
    """Values of the form's hidden fields."""
    return dict(re.findall(r'name="(token|seen)" value="([^"]+)"', page))


def filled(client, **changes) -> dict[str, str]:
    return ANSWERS | hidden(text(client.get("/checkout/"))) | changes
