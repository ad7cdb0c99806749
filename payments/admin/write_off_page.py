"""Admin page for writing off a payment whose authorisation was lost after its order had shipped."""

import uuid

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from orders.money import display
from orders.timeline import WRITTEN_OFF
from payments import selectors, services
from payments.errors import NotLost
from payments.models import Payment
from payments.services.refunds import REFUND


class WriteOffForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=500, widget=forms.TextInput(attrs={"class": "vTextField"})
    )


@require_http_methods(["GET", "POST"])
def write_off_page(request: HttpRequest, payment_id: uuid.UUID) -> HttpResponse:
    """The form. Redirects to the order once the payment is written off."""
    if not request.user.has_perm(REFUND):
        raise PermissionDenied
    payment = get_object_or_404(Payment.objects.select_related("order"), pk=payment_id)
    form = WriteOffForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and _write_off(request, payment, form):
        return redirect("admin:orders_order_change", payment.order_id)
    context = {
        "title": _("Write off payment"),
        "form": form,
        "payment": payment,
        "order": payment.order,
        "amount": display(payment.amount, payment.currency),
        "can_write_off": selectors.can_write_off(payment=payment),
        "opts": Payment._meta,
    }
    return render(request, "admin/payments/payment/write_off.html", admin.site.each_context(request) | context)


def _write_off(request: HttpRequest, payment: Payment, form: WriteOffForm) -> bool:
    """Whether the payment was written off; otherwise the form has an error."""
    reason = form.cleaned_data["reason"]
    try:
        services.write_off(payment=payment, by=request.user, reason=reason)
    except NotLost as refused:
        decision = {"amount": payment.amount, "by": request.user.get_username(), "reason": reason}
        if not selectors.is_recorded(order=payment.order, kind=WRITTEN_OFF, **decision):
            form.add_error(None, str(refused))
            return False
    amount = display(payment.amount, payment.currency)
    messages.success(request, _("Payment of %(amount)s written off.") % {"amount": amount})
    return True
