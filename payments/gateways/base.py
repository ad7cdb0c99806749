"""What does the shop expect of any payment gateway?"""

from dataclasses import dataclass
from typing import Protocol

from django.utils.translation import gettext as _


class CardDeclined(Exception):
    """The bank said no. Asking again with the same card would not help. `code` is such as `card_declined`."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(f"The bank declined the payment: {code}.")


class GatewayUnavailable(Exception):
    """No answer, or none that tells whether money was taken. To be tried again with the same idempotency key."""


class UnknownPaymentMethod(ValueError):
    """A payment method that this shop does not take."""

    def __init__(self, method: str) -> None:
        self.method = method
        super().__init__(_("The payment method %(method)s is not known here.") % {"method": method[:60]})


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
class OfferedMethod:
    """A payment method to choose from. `label` is for people; `is_scripted` marks those of the demo."""

    id: str
    label: str
    is_scripted: bool = False


class Gateway(Protocol):
    """The same idempotency key never takes or gives money twice: it returns the first answer again."""

    def charge(self, *, idempotency_key: str, amount: int, currency: str, method: str) -> ChargeResult:
        """Take `amount` minor units. Raises `CardDeclined` and `GatewayUnavailable`."""
        ...

    def refund(self, *, idempotency_key: str, charge_reference: str, amount: int) -> RefundResult:
        """Give back `amount` minor units of a charge. Raises `GatewayUnavailable`."""
        ...

    def fetch(self, *, idempotency_key: str) -> ChargeResult | None:
        """The charge that was made under this key, or None. Raises `GatewayUnavailable`."""
        ...

    def methods(self) -> tuple[OfferedMethod, ...]:
        """The methods that `charge` takes."""
        ...
