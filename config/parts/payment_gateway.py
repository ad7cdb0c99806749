"""`PAYMENT_GATEWAY`: a gateway of the shop, or the dotted path of a class of your own."""

from django.core.exceptions import ImproperlyConfigured

from config import env

SHIPPED = ("simulated", "stripe")


def payment_gateway() -> str:
    value = env.text("PAYMENT_GATEWAY") or SHIPPED[0]
    names = value.split(".")
    if value not in SHIPPED and not (len(names) > 1 and all(name.isidentifier() for name in names)):
        raise ImproperlyConfigured(
            f"PAYMENT_GATEWAY is {value!r}; it must be one of: {', '.join(SHIPPED)}, or the path of your own class, "
            "such as extensions.acme.gateway.AcmeGateway."
        )
    return value
