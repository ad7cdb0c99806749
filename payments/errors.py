"""Errors raised by payment services and reconciliation."""

import uuid

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from messaging.hooks.next_steps import OPEN_SUBJECT, next_step
from orders.models import Order, Status
from orders.money import display
from payments.gateways import RequestRefused
from payments.models import Payment, Refund


@next_step(
    gettext_lazy("The payment already has an outcome although its order was still open; nothing was saved."),
    gettext_lazy("Compare the payment with the gateway's dashboard and correct what is wrong, then retry the task."),
    action=OPEN_SUBJECT,
)
class NotPending(RuntimeError):
    """The payment's status changed unexpectedly: it already has an outcome although its order was still open."""

    def __init__(self, payment: Payment) -> None:
        super().__init__(f"Payment {payment.pk} is no longer pending, so its outcome was not recorded.")


@next_step(
    gettext_lazy("The order has shipped, but the gateway reserves its money no more; nothing was captured."),
    gettext_lazy(
        "Look at the payment in the gateway's dashboard, and ask the shopper to pay in another way. Write the payment "
        "off on its page, and discard the message then."
    ),
    action=OPEN_SUBJECT,
)
class AuthorisationLost(RequestRefused):
    """The authorisation of a payment has expired, or was voided at the gateway, so that it cannot be captured.

    `amount` is text. Celery recreates an error from its arguments, so they are texts, too.
    """

    def __init__(self, payment_id: str, amount: str) -> None:
        self.payment_id, self.amount = payment_id, amount
        super().__init__(payment_id, amount)

    @classmethod
    def of(cls, payment: Payment) -> "AuthorisationLost":
        return cls(str(payment.pk), display(payment.amount, payment.currency))

    def __str__(self) -> str:
        text = _("Payment %(id)s of %(amount)s cannot be captured: its authorisation has expired or was voided.")
        return text % {"id": self.payment_id, "amount": self.amount}


@next_step(
    gettext_lazy("More was to be refunded than is left; nothing was refunded."),
    gettext_lazy("Look at the order's refunds. Discard the message if they are right."),
    action=OPEN_SUBJECT,
)
class NothingToRefund(ValueError):
    """The requested amount exceeds what is captured and neither being refunded already nor disputed.

    Amounts are minor units.
    """

    def __init__(self, *, order: Order, requested: int, left: int, disputed: int = 0) -> None:
        self.order, self.requested, self.left = order, requested, left
        amounts = {"requested": requested, "left": left, "disputed": disputed}
        values = {name: display(amount, order.currency) for name, amount in amounts.items()}
        super().__init__(self._text(bool(disputed)) % {"number": order.number, **values})

    @staticmethod
    def _text(is_disputed: bool) -> str:
        if is_disputed:
            return _(
                "%(requested)s cannot be refunded: %(disputed)s of order %(number)s is disputed, and the bank has not "
                "decided yet; %(left)s is left to refund. Nothing was changed."
            )
        return _(
            "%(requested)s cannot be refunded: %(left)s is left to refund of order %(number)s. Nothing was changed."
        )


class TooManyRefunds(NothingToRefund):
    """The payment has been refunded in `MOST_PARTS` parts. What is left can be refunded only as a whole."""

    def __str__(self) -> str:
        return _(
            "Order %(number)s has too many refunds. Only all that is left, %(left)s, can be refunded. "
            "Nothing was changed."
        ) % {"left": display(self.left, self.order.currency), "number": self.order.number}


class NotCaptured(NothingToRefund):
    """The payment is only authorised: nothing was taken yet that could be refunded in part.

    `failure` is that of the capture, as `selectors.capture_failure` returns it.
    """

    def __init__(self, *, order: Order, requested: int, left: int, failure: str | None) -> None:
        self.failure = failure
        super().__init__(order=order, requested=requested, left=left)

    def __str__(self) -> str:
        return self._reason() % {"number": self.order.number}

    def _reason(self) -> str:
        if self.order.status not in (Status.SHIPPED, Status.DELIVERED):
            return _(
                "The payment of order %(number)s is only authorised; it is captured when the order ships. Until then "
                "it can be refunded only as a whole, which cancels the order. Nothing was changed."
            )
        if self.failure is None:
            return _(
                "The payment of order %(number)s is being captured. Refund it once that is done. Nothing was changed."
            )
        if self.failure and not self.failure.endswith(AuthorisationLost.__name__):
            return _(
                "The payment of order %(number)s is not captured: that task has failed. Retry it, and refund the "
                "payment once it is done. Nothing was changed."
            )
        return _(
            "The payment of order %(number)s was never captured: its authorisation was lost. There is nothing to "
            "refund. Write the payment off, and discard the failed capture. Nothing was changed."
        )


class NotLost(ValueError):
    """The payment is not to be written off: it is not authorised, or a task will capture it."""

    def __init__(self, payment: Payment) -> None:
        super().__init__(
            _(
                "This payment is %(status)s. Only one whose order has shipped, and that no task can capture, is "
                "written off. Nothing was changed."
            )
            % {"status": payment.get_status_display()}
        )


class RequestReused(ValueError):
    """The request ID already belongs to another refund."""

    def __init__(self, request_id: uuid.UUID) -> None:
        super().__init__(
            _("%(id)s has already been used for another refund. Nothing was changed.") % {"id": request_id}
        )


class RefundUnderWay(ValueError):
    """The refund needs no decision: it is completed, or the gateway will still make it."""

    def __init__(self, refund: Refund) -> None:
        super().__init__(
            _(
                "This refund is %(status)s. Only one that has failed, or that no task will complete, can be repeated "
                "or settled by hand. Nothing was changed."
            )
            % {"status": refund.get_status_display()}
        )


class RefundDisputed(RefundUnderWay):
    """The payment is disputed: if the bank gives the money back, the shopper must not get it by hand as well."""

    def __str__(self) -> str:
        return _("The payment is disputed. Settle the refund once the bank has decided. Nothing was changed.")


@next_step(
    gettext_lazy("The gateway's record and the shop's differ, and it is not safe to correct that automatically."),
    gettext_lazy("Compare the order with the gateway's dashboard, correct the wrong side, then retry the task."),
    action=OPEN_SUBJECT,
)
class GatewayMismatch(RuntimeError):
    """The gateway's record and the shop's differ in a way that needs an operator."""
