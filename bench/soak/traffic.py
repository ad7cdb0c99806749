"""The use of a shop: orders with all their outcomes, visitors, staff, carriers' webhooks. All of it over HTTP."""

import itertools
import random
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from bench.soak.browser import Browser, Unexpected
from bench.soak.staff import Staff

SECRET = "soak-carrier-secret"
CONNECTIONS = 4
#: Of 40 orders, how many go this way.
WAYS = {
    "paid": 20, "repeated": 3, "declined": 3, "paid_again": 3, "cancelled": 3, "flaky": 2, "lost_reply": 2,
    "disputed": 1, "refund_pending": 1, "bug": 1, "visitor": 1,
}  # fmt: skip
METHODS = {
    "declined": "pm_card_declined", "paid_again": "pm_card_declined", "lost_reply": "pm_lost_reply",
    "disputed": "pm_disputed", "refund_pending": "pm_refund_pending", "bug": "pm_bug",
}  # fmt: skip
STAFF_SECONDS = 20.0


class Traffic(threading.Thread):
    """Orders at a steady `rate` a second until `end()`; keeps the latency of each, and what went wrong."""

    def __init__(self, stack: Any, *, rate: float) -> None:
        super().__init__(daemon=True)
        self.placed = 0
        self.problems: Counter[str] = Counter()
        self._stack, self._rate = stack, rate
        self._latencies: list[float] = []
        self._ended = threading.Event()
        self._dice = random.Random(7)
        self._staff = Staff(stack)

    def run(self) -> None:
        ways = itertools.cycle(self._dice.sample(list(WAYS), counts=WAYS.values(), k=sum(WAYS.values())))
        due, staff_due = time.monotonic(), time.monotonic() + STAFF_SECONDS
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            while not self._ended.wait(max(0.0, due - time.monotonic())):
                due = max(due + 1 / self._rate, time.monotonic() - 1)
                pool.submit(self._guarded, self._place, next(ways))
                if time.monotonic() > staff_due:
                    staff_due = time.monotonic() + STAFF_SECONDS
                    pool.submit(self._guarded, self._staff.round)

    def end(self) -> None:
        self._ended.set()
        self.join()

    def latencies(self) -> list[float]:
        """Milliseconds of the orders placed since the last call, in ascending order."""
        taken, self._latencies = self._latencies, []
        return sorted(taken)

    def _guarded(self, act: Callable[..., Any], *arguments: Any) -> None:
        try:
            act(*arguments)
        except Exception as error:
            self.problems[f"{type(error).__name__}: {error}"[:300]] += 1

    def _place(self, way: str) -> None:
        if way == "visitor":
            self._visit()
        key, began = str(uuid.uuid4()), time.perf_counter()
        options = {
            "payment_method": METHODS.get(way, "pm_card_visa"),
            "city": "Flakytown" if way == "flaky" else "York",
        }
        order = self._stack.order(key=key, **options)
        self._latencies.append(1000 * (time.perf_counter() - began))
        self.placed += 1
        if way == "repeated":
            again = self._stack.order(key=key, expect=200, **options)
            if again["number"] != order["number"]:
                raise Unexpected("a repeated request placed a second order")
        follow = getattr(self, f"_{way}", None)
        if follow:
            follow(order)

    # -- what follows -------------------------------------------------------------------------------------------------

    def _paid(self, order: dict[str, Any]) -> None:
        """The carrier reports, twice, that it has the parcel."""
        number = (self._settled(order).get("shipment") or {}).get("tracking_number")
        if not number:
            return
        from shipping.carriers.base import CarrierEvent, EventCode, TrackingEvent
        from shipping.carriers.simulated import webhook

        event = TrackingEvent(
            id=f"soak-{uuid.uuid4()}", at=datetime.now(UTC), code=EventCode.IN_TRANSIT, place="York", text=""
        )
        body, headers = webhook(CarrierEvent(tracking_number=number, event=event), secret=SECRET)
        carrier = "landpost" if number.startswith("LP") else "swiftpost"
        for _ in range(2):
            status, answer = self._stack.api("POST", f"/webhooks/carriers/{carrier}/", data=body, headers=headers)
            if status != 200:
                raise Unexpected(f"webhook of {carrier}: {status} {answer}")

    def _paid_again(self, order: dict[str, Any]) -> None:
        if self._settled(order)["status"] == "payment_failed":
            self._post(order, "pay", json={"payment_method": "pm_card_visa"})

    def _cancelled(self, order: dict[str, Any]) -> None:
        self._post(order, "cancel")

    def _bug(self, order: dict[str, Any]) -> None:
        self._staff.stuck.append(order)

    def _visit(self) -> None:
        """A guest looks around, fills a basket and leaves; somebody mistypes a password."""
        guest = Browser(self._stack.url)
        page = guest.get("/")
        for path in ("/products/", "/search/?q=lamp", "/about/", "/checkout/"):
            guest.get(path)
        guest.post("/basket/add/", seen=page, sku=self._stack.sku(), quantity="1")
        guest.get("/basket/")
        guest.sign_in(f"nobody-{uuid.uuid4().hex[:8]}")

    def _settled(self, order: dict[str, Any]) -> dict[str, Any]:
        """The order once its payment is decided and its parcel booked, or after some seconds."""
        for _ in range(10):
            status, shown = self._stack.api("GET", f"orders/{order['public_id']}/")
            if status != 200:
                raise Unexpected(f"order {order['number']}: {status}")
            if shown["status"] in {"payment_failed", "shipped", "delivered"}:
                break
            time.sleep(0.3)
        return dict(shown)

    def _post(self, order: dict[str, Any], action: str, **options: Any) -> None:
        status, answer = self._stack.api("POST", f"orders/{order['public_id']}/{action}/", **options)
        if status not in {200, 409}:  # 409: it has been shipped meanwhile
            raise Unexpected(f"{action} {order['number']}: {status} {answer}")
