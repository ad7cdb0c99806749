"""Pages about the shop, and about delivery and returns."""

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from shop.checkout.shipping_options import shipping_options
from shop.site.shared_pages import SharedRequest, shared_page


@require_safe
@shared_page(slots=32)
def about(request: SharedRequest) -> HttpResponse:
    return render(request, "shop/site/about.html")


@require_safe
@shared_page(slots=32)
def delivery_and_returns(request: SharedRequest) -> HttpResponse:
    offers = shipping_options(now=timezone.now())
    context = {
        "offers": offers,
        "standard_costs": any(offer.price for offer in offers if offer.method == "standard"),
        "currency": settings.SHOP_CURRENCY,
        "return_days": int(settings.CONVEYOR_RETURN_DAYS),
        "wait_days": int(settings.CONVEYOR_RETURN_WAIT_DAYS),
    }
    return render(request, "shop/site/delivery.html", context)
