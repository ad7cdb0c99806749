"""Which pages tell of the shop itself?"""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from shop import delivery


@require_safe
def about(request: HttpRequest) -> HttpResponse:
    return render(request, "shop/about.html")


@require_safe
def delivery_and_returns(request: HttpRequest) -> HttpResponse:
    context = {"offers": delivery.offers(now=timezone.now()), "currency": settings.SHOP_CURRENCY}
    return render(request, "shop/delivery.html", context)
