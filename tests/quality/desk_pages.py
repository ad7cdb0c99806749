"""Catalogue of the desk's pages: each list in the admin, each kind of page of a row, and the pages that act on one.

`operator_pages` has those that the gallery shows.
"""

from tests.quality.pages import Example, Visitor

#: Lists whose rows are neither added nor deleted by hand.
_RECORDS = (
    "messaging/message", "operations/alert", "operations/auditentry", "operations/bulkoperation",
    "operations/failuregroup", "orders/order", "payments/dispute", "payments/gatewaycharge", "payments/gatewaydispute",
    "payments/gatewayevent", "payments/gatewayrefund", "payments/payment", "payments/refund", "shipping/carrierparcel",
    "shipping/shipment", "shop/creditnote", "shop/invoice", "shop/return", "shop/review", "shop/stockmovement",
)  # fmt: skip
#: Rows that can also be deleted.
_LOGS = ("axes/accessattempt", "axes/accessfailurelog", "axes/accesslog")
#: Rows that can also be added and changed.
_MANAGED = ("auth/group", "knox/authtoken", "shop/category", "shop/product", "shop/user")
APPS = ("auth", "axes", "knox", "messaging", "operations", "orders", "payments", "shipping", "shop")


def _example(path: str, *, name: str = "") -> Example:
    title = f"Desk, {(name or path).strip('/').replace('/', ' ') or 'start page'}"
    return Example(title=title, path=f"/admin/{path}", visitor=Visitor.ADMIN, audit_only="{" in path, in_gallery=False)


def _row(model: str, page: str) -> Example:
    return _example(f"{model}/{{{model.replace('/', '_')}}}/{page}/", name=f"{model} {page}")


DESK_PAGES = (
    _example(""),
    _example("password_change/"),
    *(_example(f"{app}/", name=f"app {app}") for app in APPS),
    *(_example(f"{model}/") for model in (*_RECORDS, *_LOGS, *_MANAGED)),
    *(_row(model, page) for model in (*_RECORDS, *_LOGS, *_MANAGED, "shop/lowstock") for page in ("change", "history")),
    *(_example(f"{model}/add/") for model in _MANAGED),
    *(_row(model, "delete") for model in (*_LOGS, *_MANAGED)),
    _example("operations/failedtask/?q=nothing&is=all", name="no failed tasks"),
    _example("operations/failedtask/{failure}/discard/", name="discard"),
    _example("operations/failedtask/{failure}/history/", name="history of a failure"),
    _example("operations/failuregroup/{group}/discard/", name="discard a group"),
    _example("operations/bulkoperation/new/", name="new bulk retry"),
    _example("operations/queues/payments/pause/", name="pause a queue"),
    _example("shop/fault/", name="game days"),
    _example("shop/fault/{shop_fault}/report/", name="report of a fault"),
    _example("payments/payment/{payments_payment}/refund/", name="refund"),
    _example("payments/payment/{payments_payment}/write-off/", name="write off a payment"),
    _example("payments/refund/{payments_refund}/decide/", name="decide on a refund"),
    _example("payments/dispute/{payments_dispute}/answer/", name="answer a dispute"),
    _example("orders/order/{orders_order}/returns/", name="returns of an order"),
    _example("shop/user/{shop_user}/password/", name="password of a user"),
    _example("shop/user/{shop_user}/erase/", name="close and erase an account"),
    _example("shop/user/erase-guest/", name="erase a guest's orders"),
)
