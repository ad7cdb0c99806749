"""Page with which a guest finds an order by its number and e-mail address."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from shop.limits.orders import take_lookup
from shop.order_pages.forms import FindOrderForm
from shop.order_pages.selectors import find_order


@sensitive_post_parameters("number", "email")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def find(request: HttpRequest) -> HttpResponse:
    """The answer is the same whether the number or the address is wrong. What is found is not counted."""
    form = FindOrderForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        counted = take_lookup(request, **form.cleaned_data)
        if public_id := find_order(**form.cleaned_data):
            counted.close()
            return redirect("shop:order", public_id)
        form.add_error(None, _("We found no order with this number and e-mail address. Check both."))
    return render(request, "shop/order_pages/find.html", {"form": form})
