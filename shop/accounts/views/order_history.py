"""Page listing the shopper's orders."""

from typing import cast

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from shop.models import User
from shop.order_pages import selectors

_PAGE_SIZE = 20


@never_cache
@require_safe
@login_required
def history(request: HttpRequest) -> HttpResponse:
    orders = selectors.orders_of(user=cast(User, request.user)).prefetch_related("lines")
    page = Paginator(orders, _PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "shop/accounts/orders.html", {"page": page, "section": "orders"})
