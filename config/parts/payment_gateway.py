"""`PAYMENT_GATEWAY`: a gateway of the shop, or the dotted path of a class of your own; and Stripe's keys."""

import re
from typing import Final

from django.core.exceptions import ImproperlyConfigured

from config import env

SHIPPED = ("simulated", "stripe")
#: Stripe.js of the API release that `requirements.txt` pins: https://docs.stripe.com/js/including.
STRIPE_JS: Final = "https://js.stripe.com/endive/stripe.js"
_SECRET: Final = re.compile(r"[sr]k_[!-~]+")
_PUBLISHABLE: Final = re.compile(r"pk_[!-~]+")
_REQUIRED_BY: Final = "PAYMENT_GATEWAY=stripe"


def payment_gateway() -> str:
    value = env.text("PAYMENT_GATEWAY") or SHIPPED[0]
    names = value.split(".")
    if value not in SHIPPED and not (len(names) > 1 and all(name.isidentifier() for name in names)):
        raise ImproperlyConfigured(
            f"PAYMENT_GATEWAY is {value!r}; it must be one of: {', '.join(SHIPPED)}, or the path of your own class, "
            "such as extensions.acme.gateway.AcmeGateway."
        )
    return value


def stripe_keys(*, gateway: str, rehearsal: bool) -> tuple[str, str, tuple[str, ...]]:
    """The secret key, the publishable key and the webhook's secrets. No error prints any of them.

    A `rehearsal` is the demo, or a shop that may simulate: it takes no live key, even if another gateway is set.
    """
    names = ("STRIPE_SECRET_KEY", "STRIPE_PUBLISHABLE_KEY", "STRIPE_WEBHOOK_SECRET")
    secret, publishable, _webhook = (env.needed(name, by=_REQUIRED_BY, when=gateway == "stripe") for name in names)
    for name, key in zip(names, (secret, publishable), strict=False):
        if rehearsal and _is_live(key):
            raise ImproperlyConfigured(
                f"{name} is a live key; with CONVEYOR_DEMO or CONVEYOR_ALLOW_SIMULATED the shop takes test keys only."
            )
    _check_kinds(secret=secret, publishable=publishable)
    if secret and publishable and _is_live(secret) != _is_live(publishable):
        raise ImproperlyConfigured(
            "STRIPE_SECRET_KEY and STRIPE_PUBLISHABLE_KEY must both be test keys, or both live keys."
        )
    return secret, publishable, env.listed("STRIPE_WEBHOOK_SECRET")


def _check_kinds(*, secret: str, publishable: str) -> None:
    """Either may be empty."""
    if publishable.startswith(("sk_", "rk_")):
        raise ImproperlyConfigured(
            "STRIPE_PUBLISHABLE_KEY is a secret key, which every visitor could read. Set the publishable key (pk_…), "
            "and replace this one in Stripe's dashboard."
        )
    if publishable and not _PUBLISHABLE.fullmatch(publishable):
        raise ImproperlyConfigured("STRIPE_PUBLISHABLE_KEY is not a publishable key of Stripe; it begins with pk_.")
    if secret.startswith("pk_"):
        raise ImproperlyConfigured("STRIPE_SECRET_KEY is a publishable key; the secret key begins with sk_ or rk_.")
    if secret and not _SECRET.fullmatch(secret):
        raise ImproperlyConfigured("STRIPE_SECRET_KEY is not a secret key of Stripe; it begins with sk_ or rk_.")


def stripe_addresses(*, secret_key: str) -> tuple[str, str]:
    """The addresses of Stripe's API and of Stripe.js. Those of a stand-in are for test keys only."""
    api = env.text("STRIPE_API_BASE", "https://api.stripe.com").rstrip("/")
    script = env.text("STRIPE_JS_URL", STRIPE_JS)
    own = api == "https://api.stripe.com" and script.startswith("https://js.stripe.com/")
    if _is_live(secret_key) and not own:
        raise ImproperlyConfigured("STRIPE_API_BASE and STRIPE_JS_URL must not be set beside a live key.")
    for name, url in (("STRIPE_API_BASE", api), ("STRIPE_JS_URL", script)):
        if not env.is_url(url, schemes={"http", "https"}):
            raise ImproperlyConfigured(f"{name} is {url!r}; it must be an address, such as http://127.0.0.1:12111.")
    return api, script


def _is_live(key: str) -> bool:
    return "_live_" in key.lower()
