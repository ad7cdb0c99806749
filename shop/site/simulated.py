"""Outside demo mode, a shop that simulates payments, carriers or e-mails starts only if that is explicitly allowed.

It would give goods away: every order of a simulated gateway is paid.
"""

from collections.abc import Iterator
from typing import Any, Final

from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured

from payments.gateways import is_simulated
from shipping.carriers import simulated_names

_NOT_DELIVERING: Final = tuple(
    f"django.core.mail.backends.{name}." for name in ("console", "filebased", "locmem", "dummy")
)
_USE_STRIPE: Final = (
    "export PAYMENT_GATEWAY=stripe STRIPE_SECRET_KEY=sk_… STRIPE_PUBLISHABLE_KEY=pk_… STRIPE_WEBHOOK_SECRET=whsec_…"
)


def refuse() -> None:
    """Raise `ImproperlyConfigured` if anything is simulated, outside demo mode and without permission."""
    if settings.CONVEYOR_DEMO or settings.CONVEYOR_ALLOW_SIMULATED:
        return
    if simulated := list(_simulated()):
        sentences = " ".join(f"{sentence} Run: {fix}." for sentence, fix in simulated)
        raise ImproperlyConfigured(f"{sentences} To try the shop out, set CONVEYOR_ALLOW_SIMULATED=1.")


@checks.register(checks.Tags.security, deploy=True)
def check_simulated(**_options: Any) -> list[checks.CheckMessage]:
    return [checks.Warning(sentence, hint=fix, id="shop.W001") for sentence, fix in _simulated()]


def _simulated() -> Iterator[tuple[str, str]]:
    """What is wrong, and the command that sets the variable."""
    if is_simulated():
        yield (
            f"PAYMENT_GATEWAY is {settings.PAYMENT_GATEWAY!r}: orders are shipped without being paid.",
            _USE_STRIPE,
        )
    if carriers := ", ".join(simulated_names()):
        yield (
            f"SHIPPING_CARRIERS contains simulated carriers ({carriers}): no parcel is sent.",
            "export SHIPPING_CARRIERS=shipping.carriers.untracked.UntrackedPost",
        )
    if settings.EMAIL_BACKEND.startswith(_NOT_DELIVERING):
        yield "EMAIL_URL is not set: no e-mail is sent.", "export EMAIL_URL=smtp+tls://user:password@host:587"
