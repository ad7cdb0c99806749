"""Orders that come in while something fails, from shoppers who repeat a request until it is answered."""

import random
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.stack import Stack
from tests.stack.api import request
from tests.stack.stack import order_body

#: A shopper gives up waiting for an answer after as many seconds, and asks again.
_ANSWER, _AGAIN = 15.0, 0.5
_ERROR = 500


@dataclass(frozen=True, kw_only=True)
class Kind:
    """`spends` attempts on its own, whatever else happens."""

    name: str
    order: dict[str, Any] = field(default_factory=dict)
    weight: int = 1
    spends: bool = False
    then: Callable[["Shopper"], None] | None = None


class Shopper(threading.Thread):
    """Places one order, and does what its kind does then. `number` is known once the order is accepted."""

    def __init__(
        self, stack: Stack, kind: Kind, *, key: str, opening: threading.Event, delay: float, stopping: threading.Event
    ) -> None:
        super().__init__(daemon=True)
        self.kind, self.number = kind, ""
        self._stack, self._key, self._opening, self._delay, self._stopping = stack, key, opening, delay, stopping
        self._path = ""

    def run(self) -> None:
        self._opening.wait()
        if self._stopping.wait(self._delay):
            return
        body = order_body(self._stack.sku(), **self.kind.order)
        order = self._insist("POST", "orders/", json=body, headers={"Idempotency-Key": self._key})
        self._path = f"orders/{order['public_id']}/"
        self.number = str(order["number"])
        if self.kind.then is not None:
            self.kind.then(self)

    def wait_status(self, status: str) -> None:
        while self._insist("GET", self._path)["status"] != status:
            time.sleep(_AGAIN)

    def post(self, action: str, **body: Any) -> None:
        self._insist("POST", f"{self._path}{action}/", json=body)

    def _insist(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        """The first answer that is not a server error. A request whose answer was lost is refused when repeated."""
        while not self._stopping.is_set():
            try:
                url = f"{self._stack.url}/api/v1/{path}"
                status, answer = request(method, url, timeout=_ANSWER, **options)
            except (OSError, ValueError):  # nobody listens, too late, or cut off in the middle
                status, answer = _ERROR, None
            if status < _ERROR:
                return dict(answer)
            time.sleep(_AGAIN)
        raise SystemExit


def _pay_again(shopper: Shopper) -> None:
    shopper.wait_status("payment_failed")
    shopper.post("pay", payment_method="pm_card_visa")


KINDS = (
    Kind(name="card", weight=8),
    Kind(name="express", order={"shipping_method": "express"}, weight=3),
    Kind(name="declined, then paid", order={"payment_method": "pm_card_declined"}, weight=2, then=_pay_again),
    Kind(name="cancelled", weight=2, then=lambda shopper: shopper.post("cancel")),
    Kind(name="gateway unreachable", order={"payment_method": "pm_flaky_2"}, spends=True),
    Kind(name="reply lost", order={"payment_method": "pm_lost_reply"}, spends=True),
    Kind(name="carrier unreachable", order={"city": "Flakytown"}, spends=True),
)


class Load:
    """`count` shoppers, at times and with orders that `chance` chooses.

    Equal parts of them come within `seconds` from the start and from each later call of `open_next`.
    """

    def __init__(self, stack: Stack, chance: random.Random, *, count: int, seconds: float, parts: int = 1) -> None:
        self._stopping = threading.Event()
        self._openings = [threading.Event() for _ in range(parts)]
        stack.sku()
        kinds = chance.choices(KINDS, [kind.weight for kind in KINDS], k=count)
        self.shoppers = [
            Shopper(
                stack,
                kind,
                key=str(uuid.UUID(int=chance.getrandbits(128))),
                opening=self._openings[number * parts // count],
                delay=chance.uniform(0, seconds),
                stopping=self._stopping,
            )
            for number, kind in enumerate(kinds)
        ]

    def start(self) -> None:
        for shopper in self.shoppers:
            shopper.start()
        self.open_next()

    def open_next(self) -> None:
        """The next part of the shoppers comes."""
        next(opening for opening in self._openings if not opening.is_set()).set()

    def stop(self) -> None:
        self._stopping.set()
        for opening in self._openings:
            opening.set()

    @property
    def is_over(self) -> bool:
        return not any(shopper.is_alive() for shopper in self.shoppers)

    @property
    def numbers(self) -> list[str]:
        return [shopper.number for shopper in self.shoppers if shopper.number]

    def spending(self) -> Iterator[str]:
        """Numbers of the orders that spend attempts on their own."""
        return (shopper.number for shopper in self.shoppers if shopper.kind.spends)
