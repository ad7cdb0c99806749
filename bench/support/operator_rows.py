"""Rows for `bench/operations/operator_pages.py`: messages, orders and what belongs to them, by SQL of PostgreSQL."""

from typing import Any

#: Of 1,000 messages, newest first by number: 950 done, 30 pending (5 of them scheduled), 1 sent, 5 dead, 14 discarded.
MESSAGES = """
INSERT INTO messaging_message (id, task, queue, routing_key, priority, payload, schema_version, state, available_at,
    attempts, replayed_from, sends, sent_at, finished_at, subject, correlation_id, traceparent, created_at, error_type,
    error_message, fingerprint, note)
SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || lpad(to_hex(n %% 4096), 3, '0')
        || '8' || lpad(to_hex(n), 15, '0'))::uuid,
    CASE kind WHEN 0 THEN 'payments.charge_payment' WHEN 1 THEN 'shipping.create_shipment'
        WHEN 2 THEN 'operations.count_throughput' ELSE 'orders.send_email' END,
    CASE kind WHEN 0 THEN 'payments' WHEN 1 THEN 'shipping' WHEN 2 THEN 'maintenance' ELSE 'notifications' END,
    'some.key.normal', CASE kind WHEN 0 THEN 9 WHEN 1 THEN 5 ELSE 1 END,
    jsonb_build_object('order_id', n / 5, 'email', 'ada@example.com'), 1, state,
    CASE WHEN state = 'pending' AND n %% 6 = 0 THEN now() + interval '1 hour' ELSE at END,
    CASE WHEN state = 'dead' THEN 5 ELSE 0 END, 0, 1, at,
    CASE WHEN state IN ('done', 'dead', 'discarded') THEN at + interval '1 second' END,
    'CV-' || lpad((n / 5)::text, 10, '0'), gen_random_uuid(), '', at,
    CASE WHEN state = 'dead' THEN 'GatewayUnavailable' ELSE '' END,
    CASE WHEN state = 'dead' THEN 'The bank did not answer ' || n ELSE '' END,
    CASE WHEN state = 'dead' THEN 'v1-' || lpad((n %% 40)::text, 20, '0') ELSE '' END, ''
FROM (
    SELECT n, now() - n * interval '2 seconds' AS at,
        CASE WHEN n %% 1000 = 7 THEN 2 WHEN n %% 3 = 0 THEN 0 WHEN n %% 3 = 1 THEN 1 ELSE 3 END AS kind,
        CASE WHEN n %% 1000 < 30 THEN 'pending' WHEN n %% 1000 < 31 THEN 'sent' WHEN n %% 1000 < 36 THEN 'dead'
             WHEN n %% 1000 < 50 THEN 'discarded' ELSE 'done' END AS state
    FROM generate_series(1, %(rows)s) AS n
) AS made
"""
#: A backlog: due e-mails, older than everything else.
DUE = """
INSERT INTO messaging_message (id, task, queue, routing_key, priority, payload, schema_version, state, available_at,
    attempts, replayed_from, sends, subject, correlation_id, traceparent, created_at, error_type, error_message,
    fingerprint, note)
SELECT (lpad(to_hex((extract(epoch FROM now()) * 1000)::bigint), 12, '0') || '70008' || lpad(to_hex(n), 15, '0'))::uuid,
    'orders.send_email', 'notifications', 'notification.send.low', 1,
    jsonb_build_object('order_id', n), 1, 'pending', now() - n * interval '10 milliseconds', 0, 0, 0,
    'CV-' || lpad(n::text, 10, '0'), gen_random_uuid(), '', now(), '', '', '', ''
FROM generate_series(1, %(due)s) AS n
"""
ORDERS = """
INSERT INTO orders_order (id, number, public_id, email, name, line1, city, postcode, country, shipping_method, source,
    language, currency, subtotal, shipping_price, total, status, placed_at)
SELECT n, 'CV-' || lpad(n::text, 10, '0'), md5(n::text), 'Shopper' || n %% 200000 || '@example.com', 'Ada', 'Street 1',
    'Bern', '3011', 'CH', CASE WHEN n %% 500 = 3 THEN 'express' ELSE 'standard' END,
    CASE WHEN n %% 2000 = 7 THEN 'import' WHEN n %% 300 = 5 THEN 'api' ELSE 'web' END,
    'en', 'EUR', 2500, 500, 3000,
    CASE WHEN n %% 1000 < 5 THEN 'placed' WHEN n %% 1000 < 8 THEN 'payment_failed' WHEN n %% 1000 < 20 THEN 'shipped'
         WHEN n %% 1000 < 22 THEN 'refunded' ELSE 'delivered' END,
    now() - n * interval '3 seconds'
FROM generate_series(1, %(rows)s) AS n
"""
OF_ORDERS = (
    """
INSERT INTO orders_orderline (order_id, sku, name, unit_price, quantity)
SELECT id, 'SKU-' || id %% 1000, 'A product', 2500, 1 FROM orders_order
""",
    """
INSERT INTO orders_amountline (order_id, kind, rate, amount, is_included)
SELECT id, kind, 0, amount, false
FROM orders_order, (VALUES ('goods', 2500), ('delivery', 500)) AS amounts (kind, amount)
""",
    """
INSERT INTO orders_orderevent (order_id, kind, data, at) SELECT id, 'placed', '{}', placed_at FROM orders_order
""",
    """
INSERT INTO payments_payment (id, order_id, method, amount, currency, status, gateway_reference, failure_code,
    created_at, captured_at)
SELECT md5('payment' || id)::uuid, id, 'pm_card_visa', total, 'EUR',
    CASE status WHEN 'placed' THEN 'pending' WHEN 'payment_failed' THEN 'failed' WHEN 'refunded' THEN 'refunded'
        ELSE 'captured' END, 'ch_' || md5(id::text), '', placed_at,
    CASE WHEN status NOT IN ('placed', 'payment_failed') THEN placed_at END FROM orders_order
""",
    """
INSERT INTO payments_refund (id, payment_id, amount, status, gateway_reference, created_at)
SELECT md5('refund' || id)::uuid, id, amount, 'done', 're_' || md5(id::text), created_at
FROM payments_payment WHERE status = 'refunded'
""",
    """
INSERT INTO payments_gatewaycharge (idempotency_key, reference, amount, currency, method, is_captured, created_at)
SELECT md5('payment' || id), 'ch_' || md5(id::text), total, 'EUR', 'pm_card_visa', true, placed_at FROM orders_order
WHERE status NOT IN ('placed', 'payment_failed')
""",
    """
INSERT INTO payments_gatewayevent (event_id, kind, key, received_at)
SELECT 'evt_' || md5(id::text), CASE WHEN id %% 50 = 1 THEN 'charge.refunded' ELSE 'payment_intent.succeeded' END,
    md5('payment' || id)::uuid, placed_at FROM orders_order
""",
    """
INSERT INTO shipping_shipment (id, order_id, current_for_id, carrier, tracking_number, status, cost, currency,
    shipped_at)
SELECT md5('parcel' || id)::uuid, id, id, CASE WHEN id %% 3 = 1 THEN 'Landpost' ELSE 'Swiftpost' END,
    'SP' || lpad(id::text, 12, '0'),
    CASE WHEN status = 'shipped' THEN CASE WHEN id %% 40 = 15 THEN 'lost' ELSE 'in_transit' END ELSE 'delivered' END,
    450, 'EUR', placed_at FROM orders_order WHERE status NOT IN ('placed', 'payment_failed')
""",
    """
INSERT INTO shipping_carrierparcel (carrier, idempotency_key, tracking_number, city, booked_at)
SELECT carrier, number, tracking_number, city, shipped_at
FROM shipping_shipment JOIN orders_order ON orders_order.id = order_id
""",
    """
INSERT INTO shop_stockmovement (product_id, quantity, reason, reference, note, at)
SELECT (SELECT min(id) FROM shop_product) + id %% 20, -1, 'sale', number, '', placed_at FROM orders_order
""",
)


def fill(cursor: Any, *, rows: int, due: int) -> None:
    """`rows` messages and as many orders, and `due` e-mails that wait beside them."""
    from bench.operations.desk import HOURS, ROLLUP
    from shop.models import Category, Product

    shelf = Category.objects.create(name="Shelf", slug="shelf", position=1)
    products = [
        Product(sku=f"SKU-{n}", slug=f"sku-{n}", name="A product", price=2500, category=shelf) for n in range(20)
    ]
    Product.objects.bulk_create(products)
    cursor.execute("SET session_replication_role = replica")
    for statement in (MESSAGES, DUE, ORDERS, *OF_ORDERS, ROLLUP, HOURS):
        cursor.execute(statement % {"rows": rows, "due": due})
    cursor.execute("SET session_replication_role = origin")
    cursor.execute("VACUUM ANALYZE")
