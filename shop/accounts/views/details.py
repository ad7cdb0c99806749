"""Pages for changing account details, downloading personal data and deleting the account."""

from typing import cast

from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from shop.accounts import erasure, services
from shop.accounts.forms import DetailsForm, PasswordConfirmationForm
from shop.models import User
from shop.order_pages import selectors


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def details(request: HttpRequest) -> HttpResponse:
    user = cast(User, request.user)
    known = {"name": user.get_full_name(), "email": user.email}
    form = DetailsForm(request.POST or None, initial=known, user=user)
    if form.is_valid():
        try:
            services.change_details(user=user, email=form.cleaned_data["email"], name=form.cleaned_data["name"])
        except services.EmailTaken:
            form.add_error("email", _("Another account already uses this address."))
        else:
            messages.success(request, _("Your details have been saved."))
            return redirect("shop:account_details")
    return render(request, "shop/accounts/details.html", {"form": form, "section": "details"})


@never_cache
@require_safe
@login_required
def data(request: HttpRequest) -> HttpResponse:
    """The shopper's personal data, as a JSON file."""
    response = JsonResponse(erasure.personal_data(user=cast(User, request.user)), json_dumps_params={"indent": 2})
    response["Content-Disposition"] = 'attachment; filename="conveyor-my-data.json"'
    return response


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def delete(request: HttpRequest) -> HttpResponse:
    user = cast(User, request.user)
    form = PasswordConfirmationForm(request.POST or None, user=user)
    if form.is_valid():
        try:
            erasure.erase(user=user)
        except erasure.CannotErase as error:
            form.add_error(None, str(error))
        else:
            logout(request)
            messages.success(
                request, _("Your account and your data have been deleted. Thank you for shopping with us.")
            )
            return redirect("shop:home")
    context = {"form": form, "unfinished": selectors.unfinished_orders_of(user=user), "section": "details"}
    return render(request, "shop/accounts/delete.html", context)
