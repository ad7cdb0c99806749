"""Admin page for a refund that failed, or that no task will complete: repeat it, or settle it by hand."""

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
from orders.timeline import REFUND_SETTLED, REFUND_STARTED
from payments import selectors, services
from payments.errors import RefundUnderWay
from payments.models import Refund
from payments.services.refunds import REFUND

REPEAT, SETTLE = "repeat", "settle"


class DecisionForm(forms.Form):
    decision = forms.ChoiceField(
        label=gettext_lazy("Decision"),
        widget=forms.RadioSelect,
        choices=[
            (REPEAT, gettext_lazy("Repeat the refund at the gateway")),
            (SETTLE, gettext_lazy("Settle by hand: the customer has been paid back in another way")),
        ],
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=500, widget=forms.TextInput(attrs={"class": "vTextField"})
    )


@require_http_methods(["GET", "POST"])
def refund_decision_page(request: HttpRequest, refund_id: uuid.UUID) -> HttpResponse:
    """The form. Redirects to the order once the refund is repeated or settled."""
    if not request.user.has_perm(REFUND):
        raise PermissionDenied
    refund = get_object_or_404(Refund.objects.select_related("payment__order"), pk=refund_id)
    form = DecisionForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and _decide(request, refund, form):
        return redirect("admin:orders_order_change", refund.payment.order_id)
    context = {
        "title": _("Repeat or settle refund"),
        "form": form,
        "refund": refund,
        "order": refund.payment.order,
        "amount": display(refund.amount, refund.payment.currency),
        "needs_decision": selectors.needs_decision(refund=refund),
        "opts": Refund._meta,
    }
    return render(request, "admin/payments/refund/decide.html", admin.site.each_context(request) | context)


def _decide(request: HttpRequest, refund: Refund, form: DecisionForm) -> bool:
    """Whether the decision was carried out; otherwise the form has an error."""
    amount = display(refund.amount, refund.payment.currency)
    decide, kind, done = {
        REPEAT: (services.repeat_refund, REFUND_STARTED, _("Refund of %(amount)s started.")),
        SETTLE: (services.settle_refund, REFUND_SETTLED, _("Refund of %(amount)s settled.")),
    }[form.cleaned_data["decision"]]
    reason = form.cleaned_data["reason"]
    try:
        decide(refund=refund, by=request.user, reason=reason)
    except RefundUnderWay as refused:
        decision = {"amount": refund.amount, "by": request.user.get_username(), "reason": reason}
        if not selectors.is_recorded(order=refund.payment.order, kind=kind, **decision):
            form.add_error(None, str(refused))
            return False
    messages.success(request, done % {"amount": amount})
    return True
