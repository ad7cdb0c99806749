"""Webhook views for payment gateways."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from orders.webhook_events import EventNotUnderstood, keep
from payments import services, webhooks
from payments.payloads import ComparePayment


@csrf_exempt
@require_POST
def stripe_webhook(request: HttpRequest) -> HttpResponse:
    """Respond 200 once the event is stored; a message does the rest. Stripe redelivers after any other response.

    An event that cannot be read is kept as a dead letter.
    """
    if not settings.STRIPE_WEBHOOK_SECRET:
        raise Http404
    try:
        event = webhooks.read(body=request.body, signature=request.headers.get("Stripe-Signature", ""))
    except EventNotUnderstood as why:
        is_kept = keep(body=request.body, sender="Stripe", why=why, instead_of=ComparePayment)
        return HttpResponse(status=200 if is_kept else 429)
    except webhooks.NotFromStripe:
        return HttpResponse(_("The signature is missing, wrong or too old. Nothing was changed."), status=400)
    services.record_event(event=event)
    return HttpResponse(status=200)
