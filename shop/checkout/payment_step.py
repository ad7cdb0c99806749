"""The payment step: a list of methods, or the gateway's own form. Only its pages may load the gateway's script."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from payments.gateways import browser_form, offered_methods

SELF = "'self'"


def payment_page(
    request: HttpRequest, template: str, context: dict[str, Any], *, currency: str, amounts: Sequence[tuple[str, int]]
) -> HttpResponse:
    """Render a page with the payment step. `amounts` are what may be charged, by shipping method, in minor units."""
    form = browser_form()
    if form is None:
        return render(request, template, context | {"methods": offered_methods()})
    shown = [(method, form.amount(amount, currency)) for method, amount in amounts]
    step = {"card_form": form, "card_currency": currency.lower(), "card_amounts": shown}
    response = render(request, template, context | step)
    # Read by CSPMiddleware: sources in addition to those of the settings, of which `default-src` no longer applies.
    response._csp_update = {name: [SELF, *sources] for name, sources in form.policy.items()}  # type: ignore[attr-defined]
    return response
