"""The error of a payment that was begun at another gateway than the configured one."""

from django.utils.translation import gettext_lazy

from messaging.hooks.next_steps import OPEN_GROUP, next_step


@next_step(
    gettext_lazy("The payment was begun at a gateway that is no longer configured; the configured one was not asked."),
    gettext_lazy(
        "Set PAYMENT_GATEWAY back, then retry the group; or do it in the other gateway's dashboard, and discard the "
        "message."
    ),
    action=OPEN_GROUP,
)
class AnotherGateway(Exception):
    """A payment was begun at another gateway. The configured one does not know it, and would take the money again.

    The only argument is the name of the payment's gateway, as of `gateway_name`.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(name)

    def __str__(self) -> str:
        return f"The payment was begun at {self.name}, which PAYMENT_GATEWAY no longer names."
