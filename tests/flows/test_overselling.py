"""Overselling: concurrent buyers never get more than the stock."""

from concurrent.futures import ThreadPoolExecutor

from shop.models import Product


def test_two_hundred_concurrent_buyers_share_fifty_pieces(stack):
    with stack.db():
        product = (
            Product.objects.using(stack.alias)
            .listed()
            .filter(stock__gte=1)
            .exclude(sku=stack.sku())
            .order_by("-stock")
            .first()
        )
        stock = product.stock
    lines = [{"sku": product.sku, "quantity": stock - 50}] if stock > 50 else []
    if lines:
        stack.order(lines=lines)
    left = min(stock, 50)
    body = {
        "email": "crowd@example.com", "name": "Crowd", "shipping_method": "standard", "payment_method": "pm_card_visa",
        "address": {"line1": "1 Road", "city": "York", "postcode": "YO1 6GA", "country": "GB"},
        "lines": [{"sku": product.sku, "quantity": 1}],
    }  # fmt: skip
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: stack.api("POST", "orders/", json=body)[0], range(200)))
    assert (answers.count(201), answers.count(409)) == (left, 200 - left)
    assert stack.api("GET", f"products/{product.sku}/")[1]["stock"] == 0
    assert stack.audit() == []
