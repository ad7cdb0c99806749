"""Errors raised by return services. Nothing was written."""

from django.utils.translation import gettext as _

from orders.money import display
from shop.models import Return


class ReturnRefused(Exception):
    """The return cannot be requested as asked. The text says why to the shopper, `kind` to programs."""

    kind = "return-refused"


class NotReturnable(ReturnRefused):
    """The order is not delivered, or its return period has ended."""

    kind = "not-returnable"

    def __init__(self, *, number: str) -> None:
        super().__init__(
            _("Items of order %(number)s cannot be returned: it is not delivered, or the return period has ended.")
            % {"number": number}
        )


class TooManyPieces(ReturnRefused):
    """More pieces than were bought and are not being returned already."""

    kind = "too-many-pieces"

    def __init__(self, *, sku: str, wanted: int, left: int) -> None:
        self.sku = sku
        super().__init__(
            _("Of %(sku)s, %(left)d can still be returned, not %(wanted)d. Nothing was changed.")
            % {"wanted": wanted, "sku": sku, "left": left}
        )


class TooManyReturns(ReturnRefused):
    """The order has had so many returns that only our team can help, such as after many were cancelled."""

    kind = "too-many-returns"

    def __init__(self) -> None:
        super().__init__(_("This order has had too many returns. Please contact us. Nothing was changed."))


class TooManyLines(ReturnRefused):
    """More different items than an operator can receive at once."""

    kind = "too-many-lines"

    def __init__(self, *, most: int) -> None:
        text = _("At most %(most)d different items can be returned at once. Return the others separately.")
        super().__init__(text % {"most": most})


class NothingSelected(ReturnRefused):
    kind = "nothing-selected"

    def __init__(self) -> None:
        super().__init__(_("Choose at least one item to return."))


class RequestReused(Exception):
    """The request ID already belongs to another return."""

    def __init__(self) -> None:
        super().__init__(_("This request was already used for another return. Nothing was changed."))


class AlreadyDecided(Exception):
    """The return is no longer in the status that the action needs, such as after another operator's decision."""

    def __init__(self, found: Return) -> None:
        super().__init__(
            _("Return %(number)s is already %(status)s. Nothing was changed.")
            % {"number": found.number, "status": found.get_status_display()}
        )


class InvalidDecision(ValueError):
    """The operator's decision does not cover the return's lines, accepts too many pieces, or gives no reason."""


class RefundBlocked(Exception):
    """What is to be refunded is disputed, so the bank may pay it back. `amount` and `disputed` are minor units."""

    def __init__(self, *, found: Return, amount: int, disputed: int) -> None:
        currency = found.order.currency
        super().__init__(
            _(
                "Return %(number)s is worth %(amount)s, but %(disputed)s of its order is disputed. Receive it once the "
                "bank has decided. Nothing was changed."
            )
            % {
                "number": found.number,
                "amount": display(amount, currency),
                "disputed": display(disputed, currency),
            }
        )
