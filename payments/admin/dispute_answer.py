"""Admin page that marks a dispute as answered, with a note for the history of the dispute and its order."""

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from orders.money import display
from payments.disputes.services import ANSWER_DISPUTE, mark_answered
from payments.models import Dispute


class AnswerForm(forms.Form):
    """`asked` is the evidence that the page asked for: an inquiry may have become a dispute, which needs its own."""

    asked = forms.CharField(max_length=100, widget=forms.HiddenInput)
    note = forms.CharField(
        label=gettext_lazy("Note"), max_length=500, widget=forms.TextInput(attrs={"class": "vTextField"})
    )


@require_http_methods(["GET", "POST"])
def dispute_answer_page(request: HttpRequest, dispute_id: int) -> HttpResponse:
    """The form. Redirects to the dispute once it is marked."""
    if not request.user.has_perm(ANSWER_DISPUTE):
        raise PermissionDenied
    dispute = get_object_or_404(Dispute.objects.select_related("payment__order"), pk=dispute_id)
    form = AnswerForm(request.POST or None, initial={"asked": _asked(dispute)})
    if request.method == "POST" and form.is_valid():
        if dispute.needs_answer and form.cleaned_data["asked"] != _asked(dispute):
            text = _("The bank has asked for other evidence since you opened this page. Nothing was changed.")
            messages.warning(request, text)
        else:
            _mark(request, dispute, form.cleaned_data["note"])
        return redirect("admin:payments_dispute_change", dispute.pk)
    context = {
        "title": _("Mark as answered"),
        "form": form,
        "dispute": dispute,
        "order": dispute.payment.order,
        "amount": display(dispute.amount, dispute.currency),
        "opts": Dispute._meta,
    }
    return render(request, "admin/payments/dispute/answer.html", admin.site.each_context(request) | context)


def _asked(dispute: Dispute) -> str:
    due = dispute.evidence_due_at.isoformat() if dispute.evidence_due_at else ""
    return f"{'inquiry' if dispute.is_inquiry else 'dispute'} {due}"


@transaction.atomic
def _mark(request: HttpRequest, dispute: Dispute, note: str) -> None:
    text = _("Dispute %(id)s marked as answered: %(note)s")
    marked, late = _("Dispute marked as answered."), _("The dispute needs no answer any more. Nothing was changed.")
    if dispute.is_inquiry:
        text = _("Inquiry %(id)s marked as answered: %(note)s")
        marked, late = _("Inquiry marked as answered."), _("The inquiry needs no answer any more. Nothing was changed.")
    text %= {"id": dispute.gateway_id, "note": note}
    if mark_answered(dispute=dispute, by=request.user):
        for each in (dispute, dispute.payment.order):
            LogEntry.objects.log_actions(request.user.pk, [each], CHANGE, text)  # type: ignore[arg-type]
    elif not _was_marked_so(request, dispute, text):
        messages.info(request, late)
        return
    messages.success(request, marked)


def _was_marked_so(request: HttpRequest, dispute: Dispute, text: str) -> bool:
    """By the first of two clicks."""
    entries = LogEntry.objects.filter(user=request.user.pk, object_id=str(dispute.pk))
    return entries.filter(change_message=text).exists()
