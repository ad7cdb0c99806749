"""Stripe in the browser: the Payment Element, whose confirmation token is the payment method.

Sources: https://docs.stripe.com/payments/finalize-payments-on-the-server,
https://docs.stripe.com/security/guide#content-security-policy.
"""

import re
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from payments.gateways.browser_form import BrowserForm
from payments.gateways.stripe_amounts import shown

_TOKEN: Final = re.compile(r"ctoken_[A-Za-z0-9_]{1,50}")
_HOST: Final = "https://js.stripe.com"
_SCRIPTS: Final = [_HOST, "https://*.js.stripe.com"]


def browser_form() -> BrowserForm:
    return BrowserForm(
        script=settings.STRIPE_JS_URL,
        key=settings.STRIPE_PUBLISHABLE_KEY,
        policy=_policy(),
        method=_TOKEN,
        label=_("Card or another method at Stripe"),
        amount=shown,
    )


def _policy() -> dict[str, list[str]]:
    parts = urlsplit(settings.STRIPE_JS_URL)
    origin = f"{parts.scheme}://{parts.netloc}"
    if origin != _HOST:  # a stand-in, which serves everything itself
        return {"script-src": [origin], "frame-src": [origin], "connect-src": [origin]}
    return {
        "script-src": _SCRIPTS,
        "frame-src": [*_SCRIPTS, "https://hooks.stripe.com"],
        "connect-src": ["https://api.stripe.com"],
    }
