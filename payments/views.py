"""What does a payment gateway get as an answer when it calls?"""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from payments import services, webhooks


@csrf_exempt
@require_POST
def stripe_webhook(request: HttpRequest) -> HttpResponse:
    """200 once the event is kept: what follows is a message's work. Stripe sends again what got another answer."""
    if not settings.STRIPE_WEBHOOK_SECRET:
        raise Http404
    try:
        event = webhooks.read(body=request.body, signature=request.headers.get("Stripe-Signature", ""))
    except webhooks.NotFromStripe:
        return HttpResponse(_("The signature is missing, wrong or too old. Nothing was changed."), status=400)
    services.hear(event=event)
    return HttpResponse(status=200)
