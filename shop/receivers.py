"""What does the shop do when something happened? It keeps the stock right, and a guest's basket."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.signals import user_logged_in
from django.http import HttpRequest
from django.utils.translation import gettext as _

from orders import signals
from orders.models import Order
from shop import basket, databases, stock
from shop.documents import stored
from shop.models import User
from shop.parcels import goods as parcels


def connect() -> None:
    signals.order_payment_failed.connect(put_back, dispatch_uid="shop.order_payment_failed")
    signals.order_cancelled.connect(put_back, dispatch_uid="shop.order_cancelled")
    signals.order_reopened.connect(take_again, dispatch_uid="shop.order_reopened")
    signals.order_anonymised.connect(forget_papers, dispatch_uid="shop.order_anonymised")
    signals.order_sent_again.connect(take_for_another_parcel, dispatch_uid="shop.order_sent_again")
    user_logged_in.connect(take_basket_along, dispatch_uid="shop.user_logged_in")
    databases.connect()


def put_back(*, order: Order, **kwargs: Any) -> None:
    stock.release_stock(order=order)


def forget_papers(*, order: Order, **kwargs: Any) -> None:
    stored.forget_invoices(order=order)


def take_again(*, order: Order, **kwargs: Any) -> None:
    stock.retake_stock(order=order)


def take_for_another_parcel(*, order: Order, goods_are_back: bool, **kwargs: Any) -> None:
    parcels.goods_for_another(order=order, goods_are_back=goods_are_back)


def take_basket_along(*, request: HttpRequest | None, user: User, **kwargs: Any) -> None:
    """A sign-in to the API has no session, and so no basket."""
    if request is None or not hasattr(request, "session"):
        return
    if basket.take_along(request, user_id=user.pk):
        told = _("Your basket and the one of your account are one now; of the same product the larger quantity stayed.")
        messages.info(request, told, fail_silently=True)
