"""Signal receivers of the shop: update stock, invoices, returns and baskets."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.contrib.auth.signals import user_logged_in
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from orders import signals
from orders.models import Order
from payments.models import Payment, Refund
from payments.signals import payment_captured, payment_compared, refund_returned
from shop.basket.services import merge_guest_basket
from shop.invoices.services import delete_earlier_invoices, issue_credit_note, issue_invoice
from shop.models import User
from shop.office.parcels.services import release_unsent_stock, take_replacement_stock
from shop.returns.late_refunds import refund_what_is_owed
from shop.returns.services import finish_returns, remove_personal_data
from shop.stock.services import release_stock, retake_stock

#: From signing in, however active they are: these sessions can read every order.
STAFF_SESSION = timedelta(hours=12)


def connect() -> None:
    signals.order_payment_failed.connect(release, dispatch_uid="shop.order_payment_failed")
    signals.order_cancelled.connect(release, dispatch_uid="shop.order_cancelled")
    signals.order_refunded.connect(release_unsent, dispatch_uid="shop.order_refunded")
    signals.order_reopened.connect(retake, dispatch_uid="shop.order_reopened")
    signals.orders_anonymised.connect(delete_invoice_files, dispatch_uid="shop.orders_anonymised")
    payment_captured.connect(invoice_payment, dispatch_uid="shop.payment_captured")
    payment_captured.connect(refund_returned_goods, dispatch_uid="shop.returns.payment_captured")
    payment_compared.connect(refund_returned_goods, dispatch_uid="shop.returns.payment_compared")
    refund_returned.connect(credit_refund, dispatch_uid="shop.refund_returned")
    signals.orders_anonymised.connect(anonymise_returns, dispatch_uid="shop.returns.orders_anonymised")
    refund_returned.connect(finish, dispatch_uid="shop.returns.refund_returned")
    signals.order_sent_again.connect(take_for_replacement, dispatch_uid="shop.order_sent_again")
    user_logged_in.connect(shorten_staff_session, dispatch_uid="shop.staff_signed_in")
    user_logged_in.connect(merge_baskets, dispatch_uid="shop.user_logged_in")


def release(*, order: Order, **kwargs: Any) -> None:
    release_stock(order=order)


def release_unsent(*, order: Order, **kwargs: Any) -> None:
    release_unsent_stock(order=order)


def retake(*, order: Order, **kwargs: Any) -> None:
    retake_stock(order=order)


def take_for_replacement(*, order: Order, goods_are_back: bool, **kwargs: Any) -> None:
    take_replacement_stock(order=order, goods_are_back=goods_are_back)


def delete_invoice_files(*, orders: Sequence[Order], **kwargs: Any) -> None:
    delete_earlier_invoices(orders=orders)


def invoice_payment(*, payment: Payment, **kwargs: Any) -> None:
    issue_invoice(payment=payment)


def refund_returned_goods(*, payment: Payment, **kwargs: Any) -> None:
    refund_what_is_owed(order=payment.order)


def credit_refund(*, refund: Refund, **kwargs: Any) -> None:
    issue_credit_note(refund=refund)


def anonymise_returns(*, orders: Sequence[Order], **kwargs: Any) -> None:
    remove_personal_data(orders=orders)


def finish(*, refund: Refund, **kwargs: Any) -> None:
    finish_returns(order=refund.payment.order)


def shorten_staff_session(*, request: HttpRequest | None, user: User, **kwargs: Any) -> None:
    """An API sign-in has no session."""
    if user.is_staff and request is not None and hasattr(request, "session"):
        request.session.set_expiry(timezone.now() + STAFF_SESSION)


def merge_baskets(*, request: HttpRequest | None, user: User, **kwargs: Any) -> None:
    """An API sign-in has no session, hence no basket."""
    if request is None or not hasattr(request, "session"):
        return
    if merge_guest_basket(request, user=user):
        text = _("Your basket was merged with your saved one. For items in both, the larger quantity was kept.")
        messages.info(request, text, fail_silently=True)
