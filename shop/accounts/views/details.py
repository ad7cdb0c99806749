"""Pages for changing account details, revoking API tokens, downloading personal data and deleting the account."""

from typing import cast

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import urlsafe_base64_decode
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from knox.models import AuthToken

from shop.accounts import services
from shop.accounts.closing import MAX_NAMED, CannotErase, close_account
from shop.accounts.emails import new_email_tokens
from shop.accounts.export import personal_data
from shop.accounts.forms import DetailsForm, PasswordConfirmationForm
from shop.limits import policy
from shop.limits.counters import take
from shop.limits.mailboxes import mailbox
from shop.limits.views import asks_for_password
from shop.models import User
from shop.order_pages import selectors
from shop.site.just_done import is_just_done, remember

#: API tokens on the page, the newest first. A script may have made hundreds.
MOST_SHOWN = 100


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@asks_for_password
def details(request: HttpRequest) -> HttpResponse:
    user = cast(User, request.user)
    known = {"name": user.get_full_name(), "email": user.email}
    form = DetailsForm(request.POST or None, initial=known, user=user)
    if form.is_valid():
        _save(request, user, form)
        return redirect("shop:account_details")
    tokens = list(AuthToken.objects.filter(user=user, expiry__gt=timezone.now()).order_by("-created")[: MOST_SHOWN + 1])
    context = {
        "form": form,
        "tokens": tokens[:MOST_SHOWN],
        "most_shown": MOST_SHOWN if len(tokens) > MOST_SHOWN else 0,
        "section": "details",
    }
    return render(request, "shop/accounts/details.html", context)


def _save(request: HttpRequest, user: User, form: DetailsForm) -> None:
    if form.new_email:
        counted = take(policy.EMAIL_CHANGE, account=str(user.pk), email=mailbox(form.new_email))
        if not services.request_email_change(user=user, email=form.new_email, language=get_language() or ""):
            counted.close()
        text = _("We have sent a link to %(email)s. Your address changes once you confirm it there.")
        messages.info(request, text % {"email": form.new_email})
    services.change_name(user=user, name=form.cleaned_data["name"])
    messages.success(request, _("Your details have been saved."))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def confirm_email(request: HttpRequest, uidb64: str, token: str) -> HttpResponse:
    """The link from the e-mail. The page has a button, as mail scanners open every link."""
    user = _owner(uidb64)
    if request.method == "POST" and is_just_done("e-mail change", uidb64, token):
        return _email_changed(request)
    is_valid = user is not None and bool(user.new_email) and new_email_tokens.check_token(user, token)
    if user is not None and is_valid and request.method == "POST":
        try:
            is_valid = services.confirm_email(user=user)
        except services.EmailTaken:
            is_valid = False
        if is_valid:
            remember("e-mail change", uidb64, token)
            return _email_changed(request)
    context = {"new_email": user.new_email if user and is_valid else "", "is_valid": is_valid}
    return render(request, "shop/accounts/email_confirm.html", context, status=200 if is_valid else 404)


def _email_changed(request: HttpRequest) -> HttpResponse:
    messages.success(request, _("Your e-mail address has been changed."))
    return redirect("shop:account_details")


def _owner(uidb64: str) -> User | None:
    try:
        return User.objects.filter(pk=int(urlsafe_base64_decode(uidb64)), is_active=True).first()
    except (ValueError, OverflowError):
        return None


@require_POST
@login_required
def revoke_token(request: HttpRequest, token_key: str) -> HttpResponse:
    """Revokes one of the shopper's own tokens; one that no longer exists counts as revoked."""
    AuthToken.objects.filter(user_id=request.user.pk, token_key=token_key).delete()
    messages.success(request, _("API token revoked."))
    return redirect("shop:account_details")


@never_cache
@require_safe
@login_required
def data(request: HttpRequest) -> HttpResponse:
    """The shopper's personal data, as a JSON file."""
    response = HttpResponse(personal_data(user=cast(User, request.user)), content_type="application/json")
    response["Content-Disposition"] = 'attachment; filename="conveyor-my-data.json"'
    return response


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@asks_for_password
def delete(request: HttpRequest) -> HttpResponse:
    user = cast(User, request.user)
    form = PasswordConfirmationForm(request.POST or None, user=user)
    if form.is_valid():
        try:
            close_account(user=user)
        except CannotErase as error:
            form.add_error(None, str(error))
        else:
            logout(request)
            return redirect("shop:account_closed")
    context = {
        "form": form,
        "unfinished": selectors.unfinished_orders_of(user=user)[:MAX_NAMED],
        "section": "details",
        "keep_invoices_years": settings.CONVEYOR_KEEP_INVOICES_YEARS,
    }
    return render(request, "shop/accounts/delete.html", context)


@require_safe
def closed(request: HttpRequest) -> HttpResponse:
    """What happens to the data of an account that its owner has just deleted."""
    return render(request, "shop/accounts/closed.html")
