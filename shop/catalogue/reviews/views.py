"""Pages for writing, editing and deleting a review."""

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from shop.catalogue.reviews.forms import ReviewForm
from shop.catalogue.reviews.selectors import Eligibility, eligibility, own_review
from shop.catalogue.reviews.services import NotABuyer, withdraw_review, write_review
from shop.catalogue.views import product_or_404
from shop.models import Product, User


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def write(request: HttpRequest, slug: str) -> HttpResponse:
    product, user = product_or_404(request, slug), cast(User, request.user)
    form = ReviewForm(request.POST or None, instance=own_review(user=user, product=product))
    if request.method == "POST" and form.is_valid():
        return _written(request, product, form)
    refused = eligibility(product) == Eligibility.NOT_A_BUYER
    context = {"product": product, "form": form, "refused": refused, "is_known": bool(form.instance.pk)}
    return render(request, "shop/catalogue/reviews/write.html", context, status=403 if refused else 200)


@require_POST
@login_required
def withdraw(request: HttpRequest, slug: str) -> HttpResponse:
    product = product_or_404(request, slug)
    if withdraw_review(user=cast(User, request.user), product=product):
        messages.success(request, _("Review deleted."))
    return _back_to(product)


def _written(request: HttpRequest, product: Product, form: ReviewForm) -> HttpResponse:
    try:
        write_review(user=cast(User, request.user), product=product, **form.cleaned_data)
    except NotABuyer as refusal:
        context = {"product": product, "form": form, "refused": True, "refusal": refusal}
        return render(request, "shop/catalogue/reviews/write.html", context, status=403)
    messages.success(request, _("Thank you! Your review is now live."))
    return _back_to(product)


def _back_to(product: Product) -> HttpResponse:
    return redirect(f"{product.get_absolute_url()}#reviews")
