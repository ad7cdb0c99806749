"""Webhook view for carriers."""

import logging

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from orders.webhook_events import EventNotUnderstood, keep
from shipping import services
from shipping.carriers import NotFromCarrier, UnknownCarrier, carrier
from shipping.payloads import CompareParcel

log = logging.getLogger(__name__)


@csrf_exempt
@require_POST
def carrier_webhook(request: HttpRequest, name: str) -> HttpResponse:
    """Respond 200 once the event is stored; a message does the rest. 404 for carriers without a secret.

    An event that cannot be read is kept as a dead letter. A carrier's code may raise anything over the rest.
    """
    secret = settings.CARRIER_WEBHOOK_SECRETS.get(name)
    if not secret:
        raise Http404
    try:
        sender = carrier(name)
        event = sender.read_webhook(body=request.body, headers=request.headers, secret=secret)
    except UnknownCarrier:
        raise Http404 from None
    except EventNotUnderstood as why:
        is_kept = keep(body=request.body, sender=sender.name, why=why, instead_of=CompareParcel)
        return HttpResponse(status=200 if is_kept else 429)
    except Exception as error:
        if not isinstance(error, NotFromCarrier):
            log.exception("The webhook of %s failed while reading a request", name)
        return HttpResponse(_("The signature is missing, wrong or too old. Nothing was changed."), status=400)
    services.record_event(carrier=sender.name, event=event)
    return HttpResponse(status=200)
