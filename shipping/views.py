"""What does a carrier get as an answer when it calls?"""

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
    """200 once the event is kept: what follows is a message's work. A carrier without a secret is not heard at all."""
    secret = settings.CARRIER_WEBHOOK_SECRETS.get(name)
    if not secret:
        raise Http404
    try:
        teller = carrier(name)
        heard = teller.read_webhook(body=request.body, headers=request.headers, secret=secret)
    except UnknownCarrier:
        raise Http404 from None
    except NotFromCarrier:
        return HttpResponse(_("The signature is missing, wrong or too old. Nothing was changed."), status=400)
    services.hear(carrier=teller.name, heard=heard)
    return HttpResponse(status=200)
