"""Stock page of a product in the admin: receive goods, correct the stock after a count."""

from dataclasses import dataclass
from typing import Any, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from orders.readonly_admin import order_search_url
from shop.models import Product, User
from shop.stock import selectors
from shop.stock.forms import CountForm, ReceiveForm
from shop.stock.services import UnknownProduct
from shop.stock.stockroom import CORRECT, RESTOCK, StalePage, StockroomRefusal, correct_stock, receive_goods

VIEW = "shop.view_product"


@dataclass(frozen=True, slots=True)
class _Forms:
    receive: ReceiveForm
    count: CountForm


@require_http_methods(["GET", "HEAD", "POST"])
def product_page(request: HttpRequest, product_id: int) -> HttpResponse:
    """`/admin/shop/product/<id>/stock/`: figures, newest movements and two forms, submitted separately."""
    if not request.user.has_perm(VIEW):
        raise PermissionDenied
    product = get_object_or_404(Product, pk=product_id)
    if request.method != "POST":
        return _page(request, product)
    is_count = "counted" in request.POST
    form: ReceiveForm | CountForm = CountForm(request.POST) if is_count else ReceiveForm(request.POST)
    if form.is_valid() and _applied(request, product, form):
        return redirect("admin:shop_product_stock", product.pk)
    return _page(request, product, form)


def _applied(request: HttpRequest, product: Product, form: ReceiveForm | CountForm) -> bool:
    try:
        text = (_count if isinstance(form, CountForm) else _receive)(request, product, form.cleaned_data)
    except UnknownProduct:  # it was deleted meanwhile
        raise Http404 from None
    except StockroomRefusal as error:
        if isinstance(error, StalePage) and error.is_repeat:
            messages.info(request, str(error))
            return True
        form.add_error(None, str(error))
        return False
    messages.success(request, text)
    return True


def _receive(request: HttpRequest, product: Product, data: dict[str, Any]) -> str:
    if not receive_goods(quantities={product.pk: data["pieces"]}, by=cast(User, request.user), seen=data["seen"]):
        raise UnknownProduct(sku=product.sku)
    return ngettext("%(count)s piece added to stock.", "%(count)s pieces added to stock.", data["pieces"]) % {
        "count": data["pieces"]
    }


def _count(request: HttpRequest, product: Product, data: dict[str, Any]) -> str:
    difference = correct_stock(product_id=product.pk, by=cast(User, request.user), **data)
    if difference == 0:
        return _("The count matches the recorded stock. It was logged.")
    return _("Stock corrected by %(difference)+d.") % {"difference": difference}


def _page(request: HttpRequest, product: Product, failed: ReceiveForm | CountForm | None = None) -> HttpResponse:
    movements = selectors.newest_movements(product=product)
    facts = selectors.facts(product=product, movements=movements, now=timezone.now())
    forms = _Forms(
        receive=failed if isinstance(failed, ReceiveForm) else ReceiveForm(seen=facts.seen),
        count=failed if isinstance(failed, CountForm) else CountForm(seen=facts.seen),
    )
    context = {
        **admin.site.each_context(request),
        "title": _("Stock of %(product)s") % {"product": product.name},
        "opts": Product._meta,
        "product": product,
        "facts": facts,
        "pace_days": selectors.PACE_DAYS,
        "movements": [(movement, order_search_url(movement.reference)) for movement in movements],
        "shown": selectors.MOVEMENTS_SHOWN,
        "forms": forms,
        "may_restock": request.user.has_perm(RESTOCK),
        "may_correct": request.user.has_perm(CORRECT),
    }
    return render(request, "admin/shop/product/stock.html", context, status=400 if failed else 200)
