"""What does somebody see who comes in by the front door?"""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from shop.front import front
from shop.structured import of_site


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    shown = front()
    # The header's shelves are the same ones, so they are asked for once.
    context = {"front": shown, "shop_categories": shown.shelves, "structured": of_site()}
    return render(request, "shop/home.html", context)
