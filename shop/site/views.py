"""Pages about the shop, and about delivery and returns."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from shop.checkout.shipping_options import shipping_options


@require_safe
def about(request: HttpRequest) -> HttpResponse:
    return render(request, "shop/site/about.html")


@require_safe
def delivery_and_returns(request: HttpRequest) -> HttpResponse:
    context = {"offers": shipping_options(now=timezone.now()), "currency": settings.SHOP_CURRENCY}
    return render(request, "shop/site/delivery.html", context)
