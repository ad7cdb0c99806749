"""Failed deliveries. The messages name the host only: URL and answer may hold what is not for the ledger."""

from django.utils.translation import gettext_lazy as _

from messaging.hooks.next_steps import DISCARD, RETRY, next_step


class DeliveryFailed(Exception):
    """The endpoint did not accept an event."""


@next_step(
    _("The merchant's server could not be reached, or did not answer in time. All retries are used up."),
    _("Ask the merchant whether the server is up, then retry it. The webhook's page shows every attempt."),
    action=RETRY,
)
class EndpointUnreachable(DeliveryFailed):
    """No usable answer came."""


@next_step(
    _("The merchant's server answered with an error each time. All retries are used up."),
    _("Give the merchant the status that the error names, and retry it once they have corrected their server."),
    action=RETRY,
)
class EndpointRefused(DeliveryFailed):
    """An answer came, and it was not a success."""


@next_step(
    _("The address of the endpoint is not allowed: it leads into a private network, for instance. Nothing was sent."),
    _("Correct the endpoint's URL in the admin under Webhooks, then retry it."),
    action=RETRY,
)
class AddressRefused(DeliveryFailed):
    """The guard of addresses refused the URL, or what its name resolves to."""


@next_step(
    _("The delivery that this message is about does not exist any more."),
    _("Discard it: there is nothing to send."),
    action=DISCARD,
)
class DeliveryGone(LookupError):
    """No delivery has this ID."""
