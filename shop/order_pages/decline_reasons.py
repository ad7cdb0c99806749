"""Why a payment failed, in sentences for the shopper.

Source: Stripe's decline codes (https://docs.stripe.com/declines/codes). A code that is not listed is not shown: Stripe
asks not to tell that a card was reported as lost or stolen, or that the bank suspects fraud.
"""

from django.utils.translation import gettext_lazy as _

DECLINE_REASONS = {
    "card_declined": _("card declined"),
    "expired_card": _("card expired"),
    "incorrect_cvc": _("wrong security code"),
    "invalid_cvc": _("wrong security code"),
    "insufficient_funds": _("insufficient funds"),
    "not_confirmed": _("not confirmed"),
}


def shown_code(code: str) -> str:
    """The code as its owner may read it; `other` for one that is not listed."""
    return code if not code or code in DECLINE_REASONS else "other"
