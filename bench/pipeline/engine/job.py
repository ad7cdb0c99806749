"""The peers' job: the tables and statements of checkout, payment and shipment, the same for each contender."""

import time

from django.db import connection

GATEWAY_SECONDS = 0.05
PRODUCTS = 60
TABLES = f"""
CREATE TABLE job_product (id int PRIMARY KEY, stock int NOT NULL CHECK (stock >= 0));
CREATE TABLE job_order (id bigserial PRIMARY KEY, status text NOT NULL, total int NOT NULL,
    placed_at timestamptz NOT NULL DEFAULT clock_timestamp());
CREATE TABLE job_line (id bigserial PRIMARY KEY, order_id bigint NOT NULL REFERENCES job_order, product_id int NOT NULL,
    quantity int NOT NULL, price int NOT NULL);
CREATE TABLE job_payment (id bigserial PRIMARY KEY, order_id bigint NOT NULL UNIQUE REFERENCES job_order,
    amount int NOT NULL);
CREATE TABLE job_shipment (id bigserial PRIMARY KEY, order_id bigint NOT NULL UNIQUE REFERENCES job_order,
    shipped_at timestamptz NOT NULL DEFAULT clock_timestamp());
INSERT INTO job_product SELECT number, 1000000000 FROM generate_series(0, {PRODUCTS - 1}) AS number;
"""  # noqa: S608 - no input
CHECKOUT = (
    "UPDATE job_product SET stock = stock - 1 WHERE id = %s AND stock > 0",
    "INSERT INTO job_order (status, total) VALUES ('placed', 1990) RETURNING id",
    "INSERT INTO job_line (order_id, product_id, quantity, price) VALUES (%s, %s, 1, 1990)",
)
PAYMENT = (
    "INSERT INTO job_payment (order_id, amount) VALUES (%s, 1990)",
    "UPDATE job_order SET status = 'paid' WHERE id = %s AND status = 'placed'",
)
SHIPMENT = (
    "INSERT INTO job_shipment (order_id) VALUES (%s)",
    "UPDATE job_order SET status = 'shipped' WHERE id = %s AND status = 'paid'",
)


def place(number: int) -> int:
    """Take one product off stock and write the order. Returns its id. Call it in a transaction."""
    product = number % PRODUCTS
    take, insert, line = CHECKOUT
    with connection.cursor() as cursor:
        cursor.execute(take, [product])
        cursor.execute(insert)
        (order,) = cursor.fetchone()
        cursor.execute(line, [order, product])
    return int(order)


def charge() -> None:
    """The gateway's answer takes this long."""
    time.sleep(GATEWAY_SECONDS)


def record_payment(order: int) -> None:
    """Call it in a transaction."""
    _execute(PAYMENT, order)


def record_shipment(order: int) -> None:
    """Call it in a transaction."""
    _execute(SHIPMENT, order)


def _execute(statements: tuple[str, ...], order: int) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement, [order])
