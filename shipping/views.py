"""Webhook view for carriers."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from shipping import services
from shipping.carriers import NotFromCarrier, UnknownCarrier, carrier


@csrf_exempt
@require_POST
def carrier_webhook(request: HttpRequest, name: str) -> HttpResponse:
    """Respond 200 once the event is stored; a message does the rest. 404 for carriers without a secret."""
    secret = settings.CARRIER_WEBHOOK_SECRETS.get(name)
    if not secret:
        raise Http404
    try:
        sender = carrier(name)
        event = sender.read_webhook(body=request.body, headers=request.headers, secret=secret)
    except UnknownCarrier:
        raise Http404 from None
    except NotFromCarrier:
        return HttpResponse(_("The signature is missing, wrong or too old. Nothing was changed."), status=400)
    services.record_event(carrier=sender.name, event=event)
    return HttpResponse(status=200)
