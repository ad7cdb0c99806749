"""Webhook views for payment gateways."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from orders import webhook_events
from payments import services
from payments.gateways import WebhookEvent
from payments.payloads import ComparePayment


@csrf_exempt
@require_POST
def stripe_webhook(request: HttpRequest) -> HttpResponse:
    """Respond 200 once the event is stored; a message does the rest. 404 without a secret."""
    signature = request.headers.get("Stripe-Signature", "")
    return webhook_events.answer(
        request,
        sender="Stripe",
        secrets=settings.STRIPE_WEBHOOK_SECRETS,
        read=lambda body, secret: _event(body, signature, secret),
        record=lambda event: services.record_event(event=event),
        instead_of=ComparePayment,
    )


def _event(body: bytes, signature: str, secret: str) -> WebhookEvent:
    from payments import webhooks  # Stripe's library, which a shop with another gateway never needs

    return webhooks.read(body=body, signature=signature, secret=secret)
