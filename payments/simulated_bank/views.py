"""The page of the simulated bank: the shopper approves a payment, or declines it."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

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
    if request.method == "POST":
        approves = request.POST.get("answer") == "approve"
        simulated_charges.answer_challenge(reference=reference, is_approved=approves)
        services.enqueue_comparison(key=payment.pk, reference=reference, number=payment.order.number)
        return redirect(order_page_url(public_id=payment.order.public_id))
    return render(request, "payments/simulated_bank.html", {"payment": payment, "charge": charge})


def _payment_of(charge: GatewayCharge | None) -> Payment:
    """Raises 404 for a charge that is no payment's."""
    if charge is None:
        raise Http404
    try:
        return Payment.objects.select_related("order").get(pk=charge.idempotency_key)
    except (Payment.DoesNotExist, ValueError) as error:
        raise Http404 from error
