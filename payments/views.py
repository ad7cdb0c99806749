"""Webhook views for payment gateways."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from orders import webhook_events
from payments import services, webhooks
from payments.payloads import ComparePayment


@csrf_exempt
@require_POST
def stripe_webhook(request: HttpRequest) -> HttpResponse:
    """Respond 200 once the event is stored; a message does the rest. 404 without a secret."""
    if not settings.STRIPE_WEBHOOK_SECRET:
        raise Http404
    signature = request.headers.get("Stripe-Signature", "")
    return webhook_events.answer(
        request,
        sender="Stripe",
        read=lambda body: webhooks.read(body=body, signature=signature),
        record=lambda event: services.record_event(event=event),
        instead_of=ComparePayment,
    )
