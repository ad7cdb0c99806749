"""Returns in the admin: the list of returns, and the page of an order on which operators receive them."""

import uuid
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from messaging import clock
from messaging.outbox import transaction
from orders.admin import register_order_page
from orders.models import Order
from orders.money import display
from orders.readonly_admin import ReadOnlyAdmin, admin_link, order_link
from payments.errors import NothingToRefund
from payments.selectors import refundable_amount, refunds_of
from shop.models import Return, ReturnStatus
from shop.returns import services
from shop.returns.errors import AlreadyDecided, InvalidDecision, RefundBlocked
from shop.returns.forms import ReceiveForm
from shop.returns.selectors import returns_for_operators
from shop.returns.services import Decision

_PERMISSIONS = ("orders.view_order", "shop.view_return")
_Forms = dict[uuid.UUID, ReceiveForm]


@admin.register(Return)
class ReturnAdmin(ReadOnlyAdmin):
    list_display = ("link", "requested", "status", "order_number", "reason", "carrier", "tracking_number")
    list_display_links = None
    list_filter = ("status",)
    list_select_related = ("order",)
    search_fields = ("number",)
    search_help_text = gettext_lazy("Exact return number")
    ordering = ("-requested_at", "-id")
    sortable_by = ()
    readonly_fields = ("order_number", "order_text", "link", "own_link")
    fields = ("link", "order_number", "status", "reason", "comment", "rejection", "amount", "refund", "carrier",
              "tracking_number", "requested_at", "received_at", "ended_at")  # fmt: skip

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        text = search_term.strip().upper()
        return (queryset.filter(number=text) if text else queryset), False

    def get_list_display(self, request: HttpRequest) -> Any:
        return _shown(request, self.list_display)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return _shown(request, self.fields)

    @admin.display(description=gettext_lazy("return"))
    def link(self, found: Return) -> SafeString:
        """Leads to the page of its order, on which it is received."""
        return format_html('<a class="nowrap" href="{}">{}</a>', _page_url(found), found.number)

    @admin.display(description=gettext_lazy("return"))
    def own_link(self, found: Return) -> SafeString:
        return admin_link(found, found.number)

    @admin.display(description=gettext_lazy("requested"))
    def requested(self, found: Return) -> str:
        return clock.text(found.requested_at)

    @admin.display(description=gettext_lazy("order"))
    def order_number(self, found: Return) -> SafeString:
        return order_link(found.order)

    @admin.display(description=gettext_lazy("order"))
    def order_text(self, found: Return) -> str:
        return found.order.number


def _shown(request: HttpRequest, names: Iterable[str]) -> list[str]:
    """Who may not view orders gets no links to their pages."""
    plain = {} if request.user.has_perms(_PERMISSIONS) else {"link": "own_link", "order_number": "order_text"}
    return [plain.get(name, name) for name in names]


@require_http_methods(["GET", "POST"])
def returns(request: HttpRequest, order_id: int) -> HttpResponse:
    """Requires permission to view orders and returns; each action requires its own permission in addition."""
    if not request.user.has_perms(_PERMISSIONS):
        raise PermissionDenied
    order = get_object_or_404(Order, pk=order_id)
    if request.method == "GET":
        return _page(request, order, {})
    found = _chosen(request, order)
    if request.POST.get("action") == "cancel":
        _cancel(request, found)
        return redirect(request.path)
    form = ReceiveForm(request.POST, found=found)
    if form.is_valid() and _receive(request, found, form):
        return redirect(request.path)
    return _page(request, order, {found.pk: form})


def _chosen(request: HttpRequest, order: Order) -> Return:
    with suppress(ValueError):
        chosen = uuid.UUID(request.POST.get("return", ""))
        return get_object_or_404(
            Return.objects.select_related("order").prefetch_related("lines__order_line"), pk=chosen, order=order
        )
    raise Http404


def _receive(request: HttpRequest, found: Return, form: ReceiveForm) -> bool:
    """Whether the return was received; otherwise a message says why not."""
    try:
        with transaction():
            amount = services.receive_return(
                found=found, decisions=form.decisions, rejection=form.cleaned_data["rejection"], by=request.user
            )
            _log(request, found, _outcome(found, amount))
    except InvalidDecision as error:
        form.add_error(None, str(error))
        return False
    except AlreadyDecided as error:
        if text := _repeated(request, found, form):
            messages.success(request, text)
            return True
        messages.error(request, str(error))
        return False
    except (RefundBlocked, NothingToRefund) as error:
        messages.error(request, str(error))
        return False
    return True


def _repeated(request: HttpRequest, found: Return, form: ReceiveForm) -> str:
    """What was answered to the same decision of the same operator, as to the first of two clicks; empty if nothing."""
    found.refresh_from_db()
    saved = {line.pk: Decision(line.accepted or 0, line.restocked, line.condition) for line in found.lines.all()}
    if (saved, found.rejection) != (form.decisions, form.cleaned_data["rejection"]):
        return ""
    text = _outcome(found, found.amount)
    own = LogEntry.objects.filter(user=request.user.pk, object_id=str(found.order_id), change_message=text)
    return text if own.exists() else ""


def _outcome(found: Return, amount: int) -> str:
    number = found.number
    if found.status == ReturnStatus.REJECTED:
        return _("Return %(number)s rejected. Nothing is refunded.") % {"number": number}
    if not amount:
        text = _("Return %(number)s received. Nothing is refunded: nothing is left of what was paid.")
        return text % {"number": number}
    text = _("Return %(number)s received. Refund of %(amount)s started.")
    return text % {"number": number, "amount": display(amount, found.order.currency)}


def _cancel(request: HttpRequest, found: Return) -> None:
    try:
        with transaction():
            services.cancel_as_operator(found=found, by=request.user)
    except AlreadyDecided as error:
        if found.status != ReturnStatus.CANCELLED:  # the first of two clicks has cancelled it, and the page says so
            messages.error(request, str(error))
    else:
        _log(request, found, _("Return %(number)s cancelled.") % {"number": found.number})


def _log(request: HttpRequest, found: Return, text: str) -> None:
    """Show the text to the user and keep it in the order's admin history."""
    LogEntry.objects.log_actions(request.user.pk, [found.order], CHANGE, text)  # type: ignore[arg-type]
    messages.success(request, text)


def _page(request: HttpRequest, order: Order, forms: _Forms) -> HttpResponse:
    """`forms` are those that were sent, by return, with their errors."""
    may_receive = request.user.has_perm(services.RECEIVE)
    context = {
        **admin.site.each_context(request),
        "title": _("Returns of %(number)s") % {"number": order.number},
        "opts": Order._meta,
        "order": order,
        "left": display(refundable_amount(order=order), order.currency),
        "refunds": refunds_of(order=order),
        "returns": [
            (found, _form(found, forms) if may_receive and found.status == ReturnStatus.REQUESTED else None)
            for found in returns_for_operators(order=order)
        ],
    }
    return TemplateResponse(request, "admin/shop/returns/page.html", context)


def _form(found: Return, forms: _Forms) -> ReceiveForm:
    return forms.get(found.pk) or ReceiveForm(found=found)


def _page_url(found: Return) -> str:
    return reverse("admin:orders_order_returns", args=[found.order_id])


register_order_page(slug="returns", title=gettext_lazy("Returns"), view=returns)
