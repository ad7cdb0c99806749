"""What can be refused about a payment?"""

from payments.models import Payment


class NotPending(RuntimeError):
    """The payment was already answered, though its order was still open: something changed it behind our back."""

    def __init__(self, payment: Payment) -> None:
        super().__init__(f"Payment {payment.pk} is not pending any more, so its answer was not recorded.")
