"""Shoppers of the storm: each orders again and again, and repeats a request that failed until it is answered."""

import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPException
from threading import Event, Lock
from typing import Any

from tests.stack import Stack
from tests.stack.stack import order_body

SHOPPERS = 4
#: Seconds that a shopper looks around before each order, and waits before each repetition.
PAUSE, REPEAT = 0.4, 0.1


class Shoppers:
    """`begun` counts purchases, however often each was sent."""

    def __init__(self, stack: Stack) -> None:
        self._stack, self._over = stack, Event()
        _, page = stack.api("GET", "products/")
        self._skus = [product["sku"] for product in page["results"] if product["stock"] > 0]
        self._drawing = Lock()
        self.begun = 0

    @contextmanager
    def shopping(self) -> Iterator["Shoppers"]:
        """Shoppers buy during this block. At its end, each waits for the answer to the last purchase."""
        with ThreadPoolExecutor(SHOPPERS) as pool:
            running = [pool.submit(self._shop) for _ in range(SHOPPERS)]
            try:
                yield self
            finally:
                self._over.set()
            for shopper in running:
                shopper.result()

    def _shop(self) -> None:
        while not self._over.wait(PAUSE):
            with self._drawing:
                number = self.begun
                self.begun += 1
            buy(self._stack, self._skus[number % len(self._skus)])


def buy(stack: Stack, sku: str) -> dict[str, Any]:
    """The order, as the API answers once it does. Each repetition has the same key, so that nothing is bought twice."""
    key = str(uuid.uuid4())
    while (order := _answer(stack, sku, key)) is None:
        time.sleep(REPEAT)
    return order


def _answer(stack: Stack, sku: str, key: str) -> dict[str, Any] | None:
    try:
        headers = {"Idempotency-Key": key}
        status, answer = stack.api("POST", "orders/", json=order_body(sku), headers=headers)
    except (OSError, HTTPException):
        return None
    assert status in (200, 201) or status >= 500, f"POST orders/ returned {status}: {answer}"
    return dict(answer) if status < 500 else None
