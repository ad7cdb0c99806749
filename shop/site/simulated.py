"""Outside demo mode, a shop that simulates payments, carriers or e-mails starts only if that is explicitly allowed.

It would give goods away: every order of a simulated gateway is paid.
"""

from collections.abc import Iterator
from typing import Any, Final

from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured

from shipping.carriers import simulated_names

_NOT_DELIVERING: Final = tuple(
    f"django.core.mail.backends.{name}." for name in ("console", "filebased", "locmem", "dummy")
)


def refuse() -> None:
    """Raise `ImproperlyConfigured` if anything is simulated, outside demo mode and without permission."""
    if settings.CONVEYOR_DEMO or settings.CONVEYOR_ALLOW_SIMULATED:
        return
    if simulated := list(_simulated()):
        raise ImproperlyConfigured(f"{' '.join(simulated)} To try the shop out, set CONVEYOR_ALLOW_SIMULATED=1.")


@checks.register(checks.Tags.security, deploy=True)
def check_simulated(**_options: Any) -> list[checks.CheckMessage]:
    return [checks.Warning(sentence, id="shop.W001") for sentence in _simulated()]


def _simulated() -> Iterator[str]:
    if settings.PAYMENT_GATEWAY == "simulated":
        yield "PAYMENT_GATEWAY is 'simulated': orders are shipped without being paid. Set it to 'stripe'."
    if carriers := ", ".join(simulated_names()):
        yield f"SHIPPING_CARRIERS contains simulated carriers ({carriers}): no parcel is sent. Set it to your own."
    if settings.EMAIL_BACKEND.startswith(_NOT_DELIVERING):
        yield "EMAIL_URL is not set: no e-mail is sent. Set it to your mail server."
