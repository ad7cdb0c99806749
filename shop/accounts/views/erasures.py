"""Admin pages for people who ask an operator to erase their data: of an account, and of orders placed without one."""

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from messaging.hooks import message_pages
from messaging.models import Message
from shop.accounts import operators
from shop.accounts.closing import MAX_NAMED, CannotErase
from shop.accounts.services import subject_of
from shop.models import Erasure, User
from shop.order_pages.selectors import orders_of, unfinished_orders_of
from shop.payloads import EraseAccount

_VIEW = "shop.view_user"


def _text_field(label: Any, **options: Any) -> forms.CharField:
    return forms.CharField(
        label=label, max_length=500, widget=forms.TextInput(attrs={"class": "vTextField"}), **options
    )


class EraseAccountForm(forms.Form):
    """The user name is typed, so that no other account than the one that is meant is closed."""

    reason = _text_field(gettext_lazy("Reason"))
    with_guests = forms.BooleanField(
        label=gettext_lazy("Also erase orders placed with its e-mail address without signing in"), required=False
    )
    confirmation = _text_field(gettext_lazy("Type the user name to confirm"))

    def __init__(self, data: Any, *, user: User) -> None:
        super().__init__(data)
        self.user = user

    def clean_confirmation(self) -> str:
        typed = str(self.cleaned_data["confirmation"])
        if typed != self.user.get_username():
            raise forms.ValidationError(_("This is not the user name of this account."))
        return typed


class EraseGuestForm(forms.Form):
    email = forms.EmailField(label=gettext_lazy("E-mail"))
    confirmation = forms.EmailField(label=gettext_lazy("Type the e-mail address again to confirm"))
    reason = _text_field(gettext_lazy("Reason"))

    def clean_confirmation(self) -> str:
        typed = str(self.cleaned_data["confirmation"])
        if typed != self.cleaned_data.get("email", typed):
            raise forms.ValidationError(_("The two addresses differ."))
        return typed


@require_http_methods(["GET", "POST"])
def erase_account(request: HttpRequest, user_id: int) -> HttpResponse:
    """The form; while the account is erased, how far that is; afterwards, redirects to the list of users."""
    _require(request)
    user = User.objects.filter(pk=user_id).first()
    if user is None:
        messages.info(request, _("There is no such account, or no longer: what is erased is deleted in the end."))
        return redirect("admin:shop_user_changelist")
    form = EraseAccountForm(request.POST if request.method == "POST" else None, user=user)
    if form.is_valid() and _account_erased(request, user, form):
        return redirect("admin:shop_user_erase", user.pk)
    messages_of = Message.objects.filter(subject=subject_of(user), task=EraseAccount.task)
    latest = messages_of.order_by("-pk").first()
    context = {
        "title": _("Close and erase account"),
        "form": form,
        "account": user,
        "is_staff_account": user.is_staff or user.is_superuser,
        "orders": orders_of(user=user).count(),
        "unfinished": unfinished_orders_of(user=user)[:MAX_NAMED],
        "erasure": Erasure.objects.filter(pk=user.pk).first(),
        "message_url": message_pages.url_for(latest) if latest else None,
    }
    return _page(request, "erase.html", context)


@require_http_methods(["GET", "POST"])
def erase_guest(request: HttpRequest) -> HttpResponse:
    """The form. Redirects to the progress of the erasure."""
    _require(request)
    form = EraseGuestForm(request.POST if request.method == "POST" else None)
    if form.is_valid() and (found := _guest_erased(request, form)):
        return redirect("admin:shop_user_erase", found.pk)
    return _page(request, "erase_guest.html", {"title": _("Erase a guest's orders"), "form": form})


def _require(request: HttpRequest) -> None:
    if not request.user.has_perms((_VIEW, operators.PERMISSION)):
        raise PermissionDenied


def _account_erased(request: HttpRequest, user: User, form: EraseAccountForm) -> bool:
    """Whether it is; otherwise the form has an error."""
    chosen = {name: form.cleaned_data[name] for name in ("reason", "with_guests")}
    try:
        operators.erase_account(user=user, by=cast(User, request.user), **chosen)
    except CannotErase as refused:
        form.add_error(None, str(refused))
        return False
    return True


def _guest_erased(request: HttpRequest, form: EraseGuestForm) -> Erasure | None:
    """The erasure; otherwise the form has an error."""
    chosen = {name: form.cleaned_data[name] for name in ("email", "reason")}
    try:
        erasure = operators.erase_guest(by=cast(User, request.user), **chosen)
    except CannotErase as refused:
        form.add_error(None, str(refused))
        return None
    if erasure is None:
        form.add_error("email", _("There are no orders placed with this address without signing in."))
    return erasure


def _page(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    shared = admin.site.each_context(request) | {"opts": User._meta}
    return render(request, f"admin/shop/user/{template}", shared | context)
