"""Admin page for refunding a payment, in full or in part."""

import uuid
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from orders.amounts.typed import AmountError, parse, typed
from orders.money import display
from orders.selectors import can_cancel
from payments import selectors, services
from payments.errors import NothingToRefund, RequestReused
from payments.models import Payment, PaymentStatus
from payments.services.refunds import REFUND


class RefundForm(forms.Form):
    """The amount is typed in whole units, such as 19.90 or 19,90. `request_id` makes a double click one refund."""

    amount = forms.CharField(
        label=gettext_lazy("Amount"),
        max_length=30,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=500, widget=forms.TextInput(attrs={"class": "vTextField"})
    )
    request_id = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.currency = currency

    def clean_amount(self) -> int:
        """The amount in minor units. Fractions of one are rejected rather than rounded."""
        try:
            amount = parse(self.cleaned_data["amount"], self.currency)
        except AmountError as error:
            raise forms.ValidationError(str(error)) from None
        if not amount:
            raise forms.ValidationError(_("Enter an amount above 0."))
        return amount


@require_http_methods(["GET", "POST"])
def refund_page(request: HttpRequest, payment_id: uuid.UUID) -> HttpResponse:
    """The refund form. Redirects to the order after a successful refund."""
    if not request.user.has_perm(REFUND):
        raise PermissionDenied
    payment = get_object_or_404(Payment.objects.select_related("order"), pk=payment_id)
    order = payment.order
    left = selectors.refundable_amount(order=order)
    form = RefundForm(
        request.POST or None,
        currency=order.currency,
        initial={"amount": typed(left, order.currency), "request_id": uuid.uuid4()},
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
            by=request.user,
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
