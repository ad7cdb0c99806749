"""What does the shop expect of any payment gateway?"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from django.utils.translation import gettext as _


class CardDeclined(Exception):
    """The bank said no. Asking again with the same card would not help. `code` is such as `card_declined`."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(f"The bank declined the payment: {code}.")


class GatewayUnavailable(Exception):
    """The gateway did not take the request. To be tried again with the same idempotency key.

    `concerns_all`: others would fare no better. False where only this request met trouble.
    """

    def __init__(self, message: str = "", *, concerns_all: bool = True) -> None:
        self.concerns_all = concerns_all
        super().__init__(message)


class OutcomeUnknown(GatewayUnavailable):
    """The request may have taken effect, but no answer tells. Ask `fetch` before trying again."""


class RequestRefused(Exception):
    """The gateway will never do this, such as giving back more than is left of a charge. A person must look at it."""


class UnknownPaymentMethod(ValueError):
    """A payment method that this shop does not take."""

    def __init__(self, method: str) -> None:
        self.method = method
        super().__init__(_("The payment method %(method)s is not known here.") % {"method": method[:60]})


@dataclass(frozen=True, slots=True)
class Authorisation:
    """Money is held, not taken. `reference` is the gateway's name for it; `amount` is in minor units."""

    reference: str
    amount: int
    currency: str


@dataclass(frozen=True, slots=True)
class ChargeResult:
    """Money was taken. `reference` is the gateway's name for the charge; `amount` is in minor units."""

    reference: str
    amount: int
    currency: str


@dataclass(frozen=True, slots=True)
class RefundResult:
    """Money was given back."""

    reference: str
    amount: int


@dataclass(frozen=True, slots=True)
class ChargeRecord:
    """What the gateway itself remembers of a charge, in minor units.

    `captured` is 0 while money is only held, and after a decline, whose code is then `declined`.
    """

    reference: str
    captured: int
    refunded: int
    currency: str
    declined: str = ""

    @property
    def charge(self) -> ChargeResult | None:
        """The money that was taken, or None where none was."""
        return ChargeResult(self.reference, self.captured, self.currency) if self.captured else None


@dataclass(frozen=True, slots=True)
class OfferedMethod:
    """A payment method to choose from. `label` is for people; `is_scripted` marks those of the demo."""

    id: str
    label: str
    is_scripted: bool = False


class Gateway(Protocol):
    """The same idempotency key never takes or gives money twice: it returns the first answer again.

    Amounts are in minor units of the currency. All but `methods` raise `GatewayUnavailable`, and `OutcomeUnknown`.
    """

    def authorise(self, *, idempotency_key: str, amount: int, currency: str, method: str) -> Authorisation:
        """Hold `amount`, to be captured later. Raises `CardDeclined`."""
        ...

    def capture(self, *, idempotency_key: str, reference: str, amount: int) -> ChargeResult:
        """Take `amount` of what was authorised; the rest is let go. Raises `RequestRefused`."""
        ...

    def charge(self, *, idempotency_key: str, amount: int, currency: str, method: str) -> ChargeResult:
        """Authorise and capture in one call. Raises `CardDeclined`."""
        ...

    def refund(self, *, idempotency_key: str, charge_reference: str, amount: int) -> RefundResult:
        """Give back `amount` of a charge, whole or in part. Raises `RequestRefused` beyond what was captured."""
        ...

    def fetch(self, *, idempotency_key: str, reference: str = "") -> ChargeRecord | None:
        """What became of the authorisation or charge under this key, or None if the gateway never saw it.

        A `reference` that is known already finds it at once; the key alone may be found with some delay.
        """
        ...

    def records(self, *, since: datetime) -> Iterator[tuple[str, ChargeRecord]]:
        """What the gateway remembers of all charges since then, each with the idempotency key it was made under."""
        ...

    def methods(self) -> tuple[OfferedMethod, ...]:
        """The methods that `charge` and `authorise` take."""
        ...
