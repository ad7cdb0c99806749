"""Webhook view for carriers."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from orders import webhook_events
from shipping import services
from shipping.carriers import UnknownCarrier, carrier
from shipping.payloads import CompareParcel


@csrf_exempt
@require_POST
def carrier_webhook(request: HttpRequest, name: str) -> HttpResponse:
    """Respond 200 once the event is stored; a message does the rest. 404 for carriers without a secret."""
    try:
        sender = carrier(name)
    except UnknownCarrier:
        raise Http404 from None
    return webhook_events.answer(
        request,
        sender=sender.name,
        secrets=settings.CARRIER_WEBHOOK_SECRETS.get(name, ()),
        read=lambda body, secret: sender.read_webhook(body=body, headers=request.headers, secret=secret),
        record=lambda event: services.record_event(carrier=sender.name, event=event),
        instead_of=CompareParcel,
    )
