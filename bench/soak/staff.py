"""Staff of the shop: operators and support, who browse the admin and decide about dead letters."""

from typing import Any

from bench.soak.browser import Browser, Unexpected

PAGES = (
    "/admin/", "/admin/operations/queues/", "/admin/operations/failuregroup/", "/admin/operations/failedtask/",
    "/admin/messaging/message/", "/admin/orders/order/", "/admin/payments/payment/", "/admin/shipping/shipment/",
    "/admin/operations/bulkoperation/", "/admin/operations/auditentry/", "/metrics", "/readyz",
)  # fmt: skip


class Staff:
    """`stuck` holds orders whose charge became a dead letter."""

    def __init__(self, stack: Any) -> None:
        self.stuck: list[dict[str, Any]] = []
        self._stack = stack

    def round(self) -> None:
        """Sign in, look at every page, retry what is dead, then discard it, and sign out."""
        operator = Browser(self._stack.url)
        operator.sign_in("operator")
        for path in PAGES:
            operator.get(path)
        operator.get("/account/")
        self._decide()

    def _decide(self) -> None:
        """A bulk retry for all; then the orders are cancelled, and their dead letters discarded, one by one."""
        token = self._token()
        known, self.stuck = self.stuck[:-1], self.stuck[-1:]
        if self._dead(token) and not known:
            bulk = self._do("bulk-retries/", token, {"all": True, "reason": "soak"}, expect=201)
            self._do(f"bulk-retries/{bulk['id']}/start/", token, {})
        for order in known:
            self._do(f"orders/{order['public_id']}/cancel/", token, {})
            for failed in self._dead(token, order["number"]):
                self._do(f"failed-tasks/{failed['id']}/discard/", token, {"reason": "the order is cancelled"})

    def _token(self) -> str:
        login = {"username": "operator", "password": "operator"}
        return str(self._do("auth/token/", None, login)["token"])

    def _dead(self, token: str, subject: str = "") -> list[dict[str, Any]]:
        _, page = self._stack.api("GET", f"failed-tasks/?subject={subject}", token=token)
        return list(page["results"])

    def _do(self, path: str, token: str | None, body: dict[str, Any], *, expect: int = 200) -> dict[str, Any]:
        status, answer = self._stack.api("POST", path, token=token, json=body)
        if status not in {expect, 200, 409}:
            raise Unexpected(f"{path}: {status} {answer}")
        return dict(answer)
