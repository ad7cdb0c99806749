"""Pages for the shopper's saved addresses."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from shop.accounts import addresses
from shop.accounts.forms import SavedAddressForm
from shop.models import SavedAddress, User
from shop.site.just_done import is_just_done, remember


@never_cache
@require_safe
@login_required
def address_list(request: HttpRequest) -> HttpResponse:
    saved = addresses.addresses_of(user=cast(User, request.user))
    return render(request, "shop/accounts/addresses.html", {"addresses": saved, "section": "addresses"})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def add(request: HttpRequest) -> HttpResponse:
    form = SavedAddressForm(request.POST or None)
    if form.is_valid():
        data = form.cleaned_data
        try:
            addresses.add_address(
                user=cast(User, request.user), name=data["name"], address=form.address, is_default=data["is_default"]
            )
        except addresses.TooManyAddresses as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("Address saved."))
            return redirect("shop:addresses")
    return _page(request, form, heading=_("Add address"))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def change(request: HttpRequest, pk: int) -> HttpResponse:
    saved = _own_address(request, pk)
    form = SavedAddressForm(request.POST) if request.method == "POST" else SavedAddressForm.of(saved)
    if form.is_valid():
        data = form.cleaned_data
        with _found():
            addresses.change_address(
                saved=saved, name=data["name"], address=form.address, is_default=data["is_default"]
            )
        messages.success(request, _("Address saved."))
        return redirect("shop:addresses")
    return _page(request, form, heading=_("Edit address"))


@require_POST
@login_required
def make_default(request: HttpRequest, pk: int) -> HttpResponse:
    with _found():
        addresses.make_default(saved=_own_address(request, pk))
    messages.success(request, _("We will use this address by default at checkout."))
    return redirect("shop:addresses")


@require_POST
@login_required
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    what = ("saved address", request.user.pk, pk)
    if not is_just_done(*what):
        addresses.remove_address(saved=_own_address(request, pk))
        remember(*what)
    messages.success(request, _("Address removed. Past orders still show it."))
    return redirect("shop:addresses")


def _own_address(request: HttpRequest, pk: int) -> SavedAddress:
    """Raises 404 for another shopper's address, as for one that does not exist."""
    return get_object_or_404(addresses.addresses_of(user=cast(User, request.user)), pk=pk)


@contextmanager
def _found() -> Iterator[None]:
    """Raises 404 for an address that was removed meanwhile."""
    try:
        yield
    except SavedAddress.DoesNotExist:
        raise Http404 from None


def _page(request: HttpRequest, form: SavedAddressForm, *, heading: str) -> HttpResponse:
    context = {"form": form, "heading": heading, "section": "addresses"}
    return render(request, "shop/accounts/address.html", context)
