"""Next steps of the demo's scripted failures: what the step of an error in production says, and what ends it here."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from django.conf import settings
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from messaging.hooks.next_steps import recorded_name, register, step_for
from messaging.transitions import failure_steps  # noqa: F401 - declares the step of a lost worker, which is extended
from payments.gateways.base import GatewayUnavailable
from shipping.carriers.base import CarrierUnavailable

_OUTAGE: Final = _("In the demo, a scripted outage ends with `manage.py demo end-outage`, or on the page Game days.")
_CRASH: Final = _("In the demo, `pm_crash` does this until `manage.py demo fix-bug`, or a cure on the page Game days.")
CURES: Final[Mapping[type[BaseException] | str, Promise]] = {
    GatewayUnavailable: _OUTAGE,
    CarrierUnavailable: _OUTAGE,
    "WorkerLost": _CRASH,
}


def register_cures() -> None:
    """Extend the declared steps by their cures. Outside demo mode, nothing."""
    if not settings.CONVEYOR_DEMO:
        return
    for error, cure in CURES.items():
        step = step_for(error if isinstance(error, str) else recorded_name(error))
        if step is not None:
            register(error, step=replace(step, advice=format_lazy("{} {}", step.advice, cure)))
