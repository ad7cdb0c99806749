"""Pages for registration, sign-in, password change and password reset."""

from typing import Any

from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.views import (
    LoginView,
    PasswordChangeView,
    PasswordResetConfirmView,
    PasswordResetView,
)
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from shop.accounts.forms import ChangePasswordForm, NewPasswordForm, RegisterForm, ResetForm, SignInForm
from shop.accounts.services import EmailTaken, just_registered, register
from shop.limits import policy
from shop.limits.clients import network_of
from shop.limits.counters import take
from shop.limits.views import asks_for_password
from shop.models import User
from shop.site.just_done import is_just_done, remember

_BACKEND = "shop.accounts.authentication.NameOrEmail"


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def registration(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        return redirect("shop:account")
    form = RegisterForm(request.POST or None)
    if form.is_valid():
        data = form.cleaned_data
        try:
            take(policy.REGISTRATION, client=network_of(request) or "unknown")
            user = register(**data)
        except EmailTaken as error:
            if (first := just_registered(email=data["email"], password=data["password"])) is not None:
                return _welcome(request, first)
            form.add_error("email", str(error))
        else:
            return _welcome(request, user)
    return render(request, "shop/accounts/register.html", {"form": form, "next": _next(request)})


def _welcome(request: HttpRequest, user: User) -> HttpResponse:
    login(request, user, backend=_BACKEND)
    messages.success(request, _("Welcome! Your account is ready."))
    return redirect(_next(request) or "shop:account")


class SignIn(LoginView):
    template_name = "shop/accounts/login.html"
    authentication_form = SignInForm
    next_page = "shop:account"
    redirect_authenticated_user = True


@method_decorator(asks_for_password, name="dispatch")
class ChangePassword(PasswordChangeView):
    template_name = "shop/accounts/password.html"
    form_class = ChangePasswordForm
    success_url = reverse_lazy("shop:account_details")
    extra_context = {"section": "details"}

    def form_valid(self, form: Any) -> HttpResponse:
        messages.success(self.request, _("Password changed. You have been signed out on your other devices."))
        return super().form_valid(form)


class RequestPasswordReset(PasswordResetView):
    """Responds the same to every address, so that nobody can find out who has an account."""

    template_name = "shop/accounts/reset.html"
    form_class = ResetForm
    success_url = reverse_lazy("shop:login")

    def form_valid(self, form: Any) -> HttpResponse:
        take(policy.PASSWORD_RESET, client=network_of(self.request) or "unknown")
        messages.success(self.request, _("If that address has an account, we have sent a link to it."))
        return super().form_valid(form)


class ChooseNewPassword(PasswordResetConfirmView):
    template_name = "shop/accounts/reset_confirm.html"
    form_class = NewPasswordForm
    success_url = reverse_lazy("shop:login")

    def dispatch(self, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = super().dispatch(*args, **kwargs)
        if self.request.method == "POST" and not self.validlink and is_just_done(*self._what()):
            return self._changed()
        return response

    def form_valid(self, form: Any) -> HttpResponse:
        what = self._what()
        super().form_valid(form)
        remember(*what)
        return self._changed()

    def _what(self) -> tuple[object, ...]:
        return "password reset", self.request.session.session_key, self.kwargs["uidb64"]

    def _changed(self) -> HttpResponse:
        messages.success(self.request, _("Password changed. You can now sign in with it."))
        return redirect(self.success_url)


def _next(request: HttpRequest) -> str:
    """The page the visitor was heading for, if it is on this site."""
    target = request.POST.get("next") or request.GET.get("next") or ""
    is_local = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return target if is_local else ""
