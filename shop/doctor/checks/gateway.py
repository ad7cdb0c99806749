"""Stripe, where it is the gateway: it accepts the key, and sends this shop the events that it needs."""

from collections.abc import Iterator

from django.conf import settings

from payments.gateways import GatewayUnavailable, KeyRefused
from payments.gateways.stripe_setup import EVENTS, endpoint_url, missing_events
from shop.doctor.findings import Finding


def stripe() -> Iterator[Finding]:
    if settings.PAYMENT_GATEWAY != "stripe":
        return
    try:
        missing = missing_events()
    except KeyRefused as refused:
        yield Finding("stripe-key", str(refused), "export STRIPE_SECRET_KEY=sk_…")
    except GatewayUnavailable as error:
        yield Finding("stripe", str(error), f"curl {settings.STRIPE_API_BASE}/healthcheck")
    else:
        yield from _webhook(missing)


def _webhook(missing: list[str]) -> Iterator[Finding]:
    wanted = " ".join(f"-d 'enabled_events[]={event}'" for event in EVENTS)
    if missing == list(EVENTS):
        sentence = f"Stripe has no webhook endpoint for {endpoint_url()}: the shop learns late of what changes there."
        yield Finding("stripe-webhook", sentence, _change(f"-d url={endpoint_url()} {wanted}"))
    elif missing:
        sentence = f"Stripe does not send {', '.join(missing)} to {endpoint_url()}."
        yield Finding("stripe-events", sentence, _change(wanted, endpoint="/we_…"))


def _change(values: str, *, endpoint: str = "") -> str:
    return f"curl {settings.STRIPE_API_BASE}/v1/webhook_endpoints{endpoint} -u $STRIPE_SECRET_KEY: {values}"
