"""Admin page for refunding a payment, in full or in part."""

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
from payments.models import Payment, PaymentStatus

PERMISSION = "payments.refund_payment"


class RefundForm(forms.Form):
    """The amount is entered in major units, such as 19.90. `request_id` makes a double click one refund."""

    amount = forms.DecimalField(label=gettext_lazy("Amount"), min_value=Decimal("0.0001"), max_digits=14)
    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=500, widget=forms.TextInput(attrs={"class": "vTextField"})
    )
    request_id = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.digits = get_currency_precision(currency)

    def clean_amount(self) -> int:
        """The amount in minor units. Fractions of one are rejected rather than rounded."""
        minor = self.cleaned_data["amount"].scaleb(self.digits)
        if minor != int(minor):
            raise forms.ValidationError(_("The amount has too many decimal places for this currency."))
        return int(minor)


@require_http_methods(["GET", "POST"])
def refund_page(request: HttpRequest, payment_id: uuid.UUID) -> HttpResponse:
    """The refund form. Redirects to the order after a successful refund."""
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied
    payment = get_object_or_404(Payment.objects.select_related("order"), pk=payment_id)
    order = payment.order
    left = selectors.refundable_amount(order=order)
    form = RefundForm(
        request.POST or None,
        currency=order.currency,
        initial={"amount": Decimal(left).scaleb(-get_currency_precision(order.currency)), "request_id": uuid.uuid4()},
    )
    if request.method == "POST" and form.is_valid() and _refund(request, payment, form):
        return redirect("admin:orders_order_change", order.pk)
    context = {
        "title": _("Refund"),
        "form": form,
        "payment": payment,
        "order": order,
        "left": display(left, order.currency),
        "opts": Payment._meta,
        "can_cancel": can_cancel(order),
        "is_authorised": payment.status == PaymentStatus.AUTHORISED,
    }
    return render(request, "admin/payments/payment/refund.html", admin.site.each_context(request) | context)


def _refund(request: HttpRequest, payment: Payment, form: RefundForm) -> bool:
    """Whether the refund was started; otherwise the form has an error."""
    data = form.cleaned_data
    try:
        refund = services.refund_order(
            order=payment.order,
            amount=data["amount"],
            request_id=data["request_id"],
            by=request.user.get_username(),
            reason=data["reason"],
        )
    except (NothingToRefund, RequestReused) as refused:
        form.add_error("amount", str(refused))
        return False
    if refund is None:
        messages.success(request, _("The order is cancelled. Its payment was only authorised, and is released."))
        return True
    amount = display(refund.amount, payment.currency)
    messages.success(request, _("Refund of %(amount)s started.") % {"amount": amount})
    return True
