"""Rows for `bench/audit.py` and `bench/periodic.py`: a consistent shop, by SQL of PostgreSQL.

Each statement adds the orders from `first` to `last` or what belongs to them. Of 1,000, 5 wait for their payment, 3 for
another card, 12 for delivery, of which one is lost, and 2 are refunded. Half of all bought one product.
"""

from typing import Any

PRODUCTS = 1000
#: The orders that the other statements are about.
ADDED = (
    "CREATE OR REPLACE TEMPORARY VIEW added AS SELECT * FROM orders_order WHERE id BETWEEN %(first)s AND %(last)s",
    "CREATE OR REPLACE TEMPORARY VIEW paid AS SELECT * FROM added WHERE status NOT IN ('placed', 'payment_failed')",
)
ROWS = (
    """
INSERT INTO orders_order (id, number, public_id, email, name, line1, city, postcode, country, shipping_method, source,
    language, currency, subtotal, shipping_price, total, status, placed_at)
SELECT n, 'CV-' || left(code, 5) || '-' || right(code, 5), md5(n::text), 'shopper' || n %% 200000 || '@example.com',
    'Ada', 'Street 1', 'Bern', '3011', 'CH', 'standard', 'web', 'en', 'EUR', 2500, 500, 3000,
    CASE WHEN n %% 1000 < 5 THEN 'placed' WHEN n %% 1000 < 8 THEN 'payment_failed' WHEN n %% 1000 < 20 THEN 'shipped'
         WHEN n %% 1000 < 22 THEN 'refunded' ELSE 'delivered' END, now() - (%(orders)s - n) * interval '2 seconds'
FROM (SELECT n, reverse(lpad(n::text, 10, '0')) AS code FROM generate_series(%(first)s, %(last)s) AS n) AS numbers
""",
    """
INSERT INTO orders_amountline (order_id, kind, rate, amount, is_included)
SELECT o.id, kind, 1900, amount, kind = 'tax' FROM added AS o,
    (VALUES ('goods', 2500), ('delivery', 500), ('tax', 479)) AS amounts (kind, amount)
""",
    """
INSERT INTO orders_orderevent (order_id, kind, data, at)
SELECT o.id, kind, '{}', placed_at FROM added AS o, unnest(CASE status WHEN 'placed' THEN ARRAY['placed']
    WHEN 'payment_failed' THEN ARRAY['placed', 'payment_failed'] WHEN 'shipped' THEN ARRAY['placed', 'paid', 'shipped']
    WHEN 'refunded' THEN ARRAY['placed', 'paid', 'shipped', 'refund_started', 'refunded']
    ELSE ARRAY['placed', 'paid', 'shipped', 'delivered'] END) AS kind
""",
    """
INSERT INTO payments_payment (id, order_id, method, amount, currency, status, gateway_reference, failure_code,
    created_at, captured_at)
SELECT md5('payment' || o.id)::uuid, o.id, 'pm_card_visa', total, 'EUR',
    CASE status WHEN 'placed' THEN 'pending' WHEN 'payment_failed' THEN 'failed' WHEN 'refunded' THEN 'refunded'
        ELSE 'captured' END,
    CASE WHEN status NOT IN ('placed', 'payment_failed') THEN 'ch_' || md5(o.id::text) ELSE '' END, '', placed_at,
    CASE WHEN status NOT IN ('placed', 'payment_failed') THEN placed_at END FROM added AS o
""",
    """
INSERT INTO payments_gatewaycharge (id, idempotency_key, reference, amount, currency, method, is_captured, created_at)
SELECT o.id, md5('payment' || o.id)::uuid, 'ch_' || md5(o.id::text), total, 'EUR', 'pm_card_visa', true, placed_at
FROM paid AS o ORDER BY o.id
""",
    """
INSERT INTO payments_refund (id, payment_id, amount, status, gateway_reference, created_at)
SELECT md5('refund' || o.id)::uuid, md5('payment' || o.id)::uuid, total, 'done', 're_' || md5(o.id::text), placed_at
FROM added AS o WHERE status = 'refunded'
""",
    """
INSERT INTO payments_gatewayrefund (idempotency_key, reference, amount, charge_id, created_at)
SELECT md5('refund' || o.id)::uuid, 're_' || md5(o.id::text), total, o.id, placed_at
FROM added AS o WHERE status = 'refunded'
""",
    """
INSERT INTO shipping_shipment (id, order_id, current_for_id, carrier, tracking_number, status, cost, currency,
    shipped_at)
SELECT md5('parcel' || o.id)::uuid, o.id, o.id, CASE WHEN o.id %% 3 = 1 THEN 'Landpost' ELSE 'Swiftpost' END,
    'SP' || lpad(o.id::text, 12, '0'), CASE WHEN status <> 'shipped' THEN 'delivered' WHEN o.id %% 1000 = 15 THEN 'lost'
    ELSE 'in_transit' END, 450, 'EUR', placed_at FROM paid AS o
""",
    # Numbered like their orders, as those from before invoices were records: the others' numbers have no gaps.
    """
INSERT INTO shop_issuedinvoice (id, order_id, payment_id, series, year, number, issued_at, issued_on, kept_until,
    currency, total, data)
SELECT o.id, o.id, md5('payment' || o.id)::uuid, 'order', extract(year FROM placed_at), number, placed_at, placed_at,
    placed_at + interval '10 years', 'EUR', total, '{}' FROM paid AS o
""",
    """
INSERT INTO shop_creditnote (order_id, invoice_id, refund_id, series, year, number, issued_at, issued_on, kept_until,
    currency, total, data)
SELECT o.id, o.id, md5('refund' || o.id)::uuid, 'order', extract(year FROM placed_at), number, placed_at, placed_at,
    placed_at + interval '10 years', 'EUR', total, '{}' FROM added AS o WHERE status = 'refunded'
""",
    """
INSERT INTO shipping_carrierparcel (carrier, idempotency_key, tracking_number, city, booked_at)
SELECT carrier, number, tracking_number, city, shipped_at
FROM added AS o JOIN shipping_shipment AS s ON s.order_id = o.id ORDER BY o.id
""",
    """
INSERT INTO shop_stockmovement (product_id, quantity, reason, reference, note, at)
SELECT CASE WHEN o.id %% 2 = 0 THEN 1 ELSE 1 + o.id %% %(products)s END, -1, 'sale', number, '', placed_at
FROM added AS o WHERE status <> 'payment_failed' ORDER BY o.id
""",
    """
UPDATE shop_product SET stock = stock - sold FROM (
    SELECT CASE WHEN o.id %% 2 = 0 THEN 1 ELSE 1 + o.id %% %(products)s END AS product, count(*) AS sold
    FROM added AS o WHERE status <> 'payment_failed' GROUP BY 1) AS sales WHERE shop_product.id = product
""",
    # IDs as the application makes them: those of one time lie side by side.
    """
INSERT INTO messaging_message (id, task, queue, routing_key, priority, payload, schema_version, state, available_at,
    attempts, replayed_from, sends, sent_at, finished_at, subject, correlation_id, traceparent, created_at, error_type,
    error_message, fingerprint, note)
SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || lpad(to_hex(id %% 4096), 3, '0')
        || '8' || lpad(to_hex(id * 4 + part), 15, '0'))::uuid,
    task, (ARRAY['payments', 'shipping', 'notifications', 'payments'])[part], 'bench', 5,
    jsonb_build_object('order_id', id), 1, state,
    CASE state WHEN 'pending' THEN now() + interval '1 day' ELSE at END, CASE state WHEN 'dead' THEN 5 ELSE 0 END, 0, 1,
    CASE WHEN state <> 'pending' THEN at END, CASE WHEN state <> 'pending' THEN at END, number, gen_random_uuid(), '',
    at, CASE state WHEN 'dead' THEN 'OSError' ELSE '' END, CASE state WHEN 'dead' THEN 'The mail server' ELSE '' END,
    CASE state WHEN 'dead' THEN 'v1-' || lpad((id %% 40)::text, 20, '0') ELSE '' END, ''
FROM (
    SELECT id, number, placed_at AS at, part, CASE WHEN part < 4
            THEN (ARRAY['payments.charge_payment', 'shipping.create_shipment', 'orders.send_email'])[part]
        WHEN status = 'placed' THEN 'payments.charge_payment' WHEN status = 'shipped' THEN 'shipping.track_shipment'
        ELSE 'orders.cancel_unpaid' END AS task,
        CASE WHEN part = 4 THEN 'pending' WHEN part = 3 AND id %% 200 = 9 THEN 'dead'
            WHEN part = 3 AND id %% 500 = 11 THEN 'discarded' ELSE 'done' END AS state
    FROM added, generate_series(1, 4) AS part WHERE CASE part WHEN 1 THEN status <> 'placed'
        WHEN 2 THEN status NOT IN ('placed', 'payment_failed')
        WHEN 4 THEN status IN ('placed', 'payment_failed', 'shipped') ELSE true END
) AS made
""",
    """
INSERT INTO orders_emaildelivery (message_id, order_id, kind, state, replayed_from, claimed_at, sent_at)
SELECT gen_random_uuid(), o.id, 'placed', 'sent', 0, placed_at, placed_at FROM added AS o
""",
    """
INSERT INTO messaging_attempt (message_id, number, worker, ended_at, error_type, error_message, traceback, fingerprint)
SELECT m.id, attempt, 'worker@bench', finished_at, error_type, error_message, repeat('x', 2000), fingerprint
FROM added JOIN messaging_message AS m ON m.subject = number, generate_series(1, 5) AS attempt WHERE m.state = 'dead'
""",
    """
INSERT INTO operations_failuregroup AS known (fingerprint, task, queue, error_type, error_message, state, note, runbook,
    first_seen, last_seen, dead_count, failures)
SELECT fingerprint, max(task), max(queue), max(error_type), max(error_message), 'open', '', '', min(finished_at),
    max(finished_at), count(*), count(*)
FROM added JOIN messaging_message AS m ON m.subject = number WHERE m.state = 'dead' GROUP BY fingerprint
ON CONFLICT (fingerprint) DO UPDATE SET dead_count = known.dead_count + excluded.dead_count
""",
)
#: Another event of `count` orders, evenly spread.
TOUCH = """
INSERT INTO orders_orderevent (order_id, kind, data, at)
SELECT n * (%(last)s / %(count)s), 'note', '{}', now() FROM generate_series(1, %(count)s) AS n
"""


def stock_shop() -> None:
    """Products with ample stock and the movements that it came from."""
    from shop.models import Category, Product, StockMovement

    shelf = Category.objects.create(name="Shelf", slug="shelf", position=1)
    products = [
        Product(id=n, sku=f"SKU-{n}", slug=f"sku-{n}", name="Lamp", price=2500, category=shelf, stock=10**7)
        for n in range(1, PRODUCTS + 1)
    ]
    Product.objects.bulk_create(products)
    StockMovement.objects.bulk_create(
        StockMovement(product=product, quantity=product.stock, reason="restock") for product in products
    )


def add_orders(cursor: Any, *, first: int, last: int, orders: int, products: int = PRODUCTS) -> None:
    """The orders from `first` to `last` of `orders`, the newest of which is placed now, of the first `products`."""
    cursor.execute("SET session_replication_role = replica")
    for statement in (*ADDED, *ROWS):
        cursor.execute(statement % {"first": first, "last": last, "orders": orders, "products": products})
    cursor.execute("SET session_replication_role = origin")


def touch(cursor: Any, *, count: int, last: int) -> None:
    """Change `count` of the orders up to `last`, in a way that no invariant minds."""
    cursor.execute(TOUCH % {"count": count, "last": last})
