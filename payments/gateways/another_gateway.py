"""The error of a payment that was begun at another gateway than the configured one."""

from django.utils.translation import gettext_lazy

from messaging.hooks.next_steps import OPEN_GROUP, next_step


@next_step(
    gettext_lazy("The payment belongs to another gateway than the one in use, which was asked for nothing."),
    gettext_lazy(
        "Set PAYMENT_GATEWAY back and retry the group, or do it at the other gateway and discard the message."
    ),
    action=OPEN_GROUP,
)
class AnotherGateway(Exception):
    """A payment was begun at another gateway: the one in use does not know it, and would take the money once more.

    The only argument is the name of the payment's gateway, as of `gateway_name`.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(name)

    def __str__(self) -> str:
        return f"This payment belongs to {self.name}, which PAYMENT_GATEWAY no longer names."
