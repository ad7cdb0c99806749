"""The page of the simulated bank: the shopper approves a payment, or declines it."""

from urllib.parse import urlsplit

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from orders.money import display
from orders.selectors import order_page_url
from payments import services
from payments.gateways import is_simulated, simulated_charges
from payments.models import GatewayCharge, Payment


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, reference: str) -> HttpResponse:
    """404 for any other gateway. An answer is final; the comparison that it enqueues brings it to the order."""
    if not is_simulated():
        raise Http404
    charge = GatewayCharge.objects.filter(reference=reference[:100], method="pm_3ds").first()
    payment = _payment_of(charge)
    order_url = urlsplit(order_page_url(public_id=payment.order.public_id)).path
    answer = request.POST.get("answer")
    if answer in ("approve", "decline"):
        if simulated_charges.answer_challenge(reference=reference, is_approved=answer == "approve"):
            services.enqueue_comparison(key=payment.pk, reference=reference, number=payment.order.number)
        return redirect(order_url)
    context = {
        "payment": payment,
        "amount": display(payment.amount, payment.currency),
        "is_open": simulated_charges.awaits_answer(reference=reference),
        "order_url": order_url,
    }
    return render(request, "payments/simulated_bank.html", context)


def _payment_of(charge: GatewayCharge | None) -> Payment:
    """Raises `Http404` for a charge that is not a payment's."""
    if charge is None:
        raise Http404
    try:
        return Payment.objects.select_related("order").get(pk=charge.idempotency_key)
    except (Payment.DoesNotExist, ValueError) as error:
        raise Http404 from error
