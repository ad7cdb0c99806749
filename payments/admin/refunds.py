"""How does a person in the office give money back?"""

import uuid
from decimal import Decimal
from typing import Any

from babel.numbers import get_currency_precision
from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from orders.money import display
from orders.selectors import can_cancel
from payments import selectors, services
from payments.errors import NothingToRefund, RequestReused
from payments.models import Payment

PERMISSION = "payments.give_back_payment"


class GiveBackForm(forms.Form):
    """The amount is typed in major units, such as 19.90; `request_id` makes a double click one refund."""

    amount = forms.DecimalField(label=gettext_lazy("Amount"), min_value=Decimal("0.0001"), max_digits=14)
    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=500, widget=forms.TextInput(attrs={"class": "vTextField"})
    )
    request_id = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.digits = get_currency_precision(currency)

    def clean_amount(self) -> int:
        """Minor units. A fraction of one is refused rather than rounded."""
        minor = self.cleaned_data["amount"].scaleb(self.digits)
        if minor != int(minor):
            raise forms.ValidationError(_("Such a small part of the currency does not exist."))
        return int(minor)


@require_http_methods(["GET", "POST"])
def give_back(request: HttpRequest, payment_id: uuid.UUID) -> HttpResponse:
    """A form that says how much is left, and what else happens; sent once, it leads back to the order."""
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied
    payment = get_object_or_404(Payment.objects.select_related("order"), pk=payment_id)
    order = payment.order
    left = selectors.left_to_give_back(order=order)
    form = GiveBackForm(
        request.POST or None,
        currency=order.currency,
        initial={"amount": Decimal(left).scaleb(-get_currency_precision(order.currency)), "request_id": uuid.uuid4()},
    )
    if request.method == "POST" and form.is_valid() and _sent(request, payment, form):
        return redirect("admin:orders_order_change", order.pk)
    context = {
        "title": _("Give money back"),
        "form": form,
        "payment": payment,
        "order": order,
        "left": display(left, order.currency),
        "opts": Payment._meta,
        "may_cancel": can_cancel(order),
    }
    return render(request, "admin/payments/payment/give_back.html", admin.site.each_context(request) | context)


def _sent(request: HttpRequest, payment: Payment, form: GiveBackForm) -> bool:
    wanted = form.cleaned_data
    try:
        refund = services.give_back(
            order=payment.order,
            amount=wanted["amount"],
            request_id=wanted["request_id"],
            by=request.user.get_username(),
            reason=wanted["reason"],
        )
    except (NothingToRefund, RequestReused) as refused:
        form.add_error("amount", str(refused))
        return False
    amount = display(refund.amount, payment.currency)
    messages.success(request, _("%(amount)s is on its way back.") % {"amount": amount})
    return True
