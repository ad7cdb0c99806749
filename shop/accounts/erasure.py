"""Erases the personal data of a closed account, in slices: each one message, one transaction, a bounded number of rows.

What is left decides what a slice does, so one that runs twice, or again after a crash, harms nothing.
"""

from typing import Final

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction

from messaging.models import Message, State
from messaging.outbox import enqueue
from messaging.redaction import REMOVED, Redactor, redact, redact_elsewhere, redact_row
from messaging.topology import Priority
from orders.models import Order, OrderEvent
from orders.services import anonymise_orders
from orders.timeline import REFUND_SETTLED, REFUND_STARTED, WRITTEN_OFF
from payments.models import SETTLED, Dispute
from shop.accounts.closing import words_of
from shop.accounts.retention import delete_sign_ins
from shop.accounts.services import subject_of
from shop.invoices.services import issue_missing_invoices
from shop.models import Erasure, Review, User
from shop.order_pages.selectors import guest_orders, orders_of, unfinished_orders_of
from shop.payloads import DeleteOrphanedSessions, EraseAccount

#: Orders, and reviews, of one slice.
ROWS: Final = 100
#: Seconds until a slice looks again at orders that are in progress, or that a message in flight is about.
WAIT: Final = 300


@transaction.atomic(savepoint=False)
def erase_slice(*, user_id: int, after: int) -> None:
    """Erase the next orders, with a key greater than `after`, and enqueue the next slice; or, after them, the account.

    Sales records stay, for accounting, and so do invoices and credit notes, until the law no longer requires them.
    An account that is gone is erased.
    """
    erasure = Erasure.objects.select_for_update(of=("self",)).select_related("user").filter(pk=user_id).first()
    if erasure is None:
        return
    if _adopt_guests_orders(erasure):
        _follow(erasure.user)
        return
    found = orders_of(user=erasure.user).filter(pk__gt=after).order_by("pk").select_for_update(no_key=True)[:ROWS]
    _erase_orders(erasure, orders := list(found))
    if len(orders) == ROWS:
        _follow(erasure.user, after=orders[-1].pk)
    elif orders_of(user=erasure.user).exists() or _in_flight([subject_of(erasure.user)]):
        _follow(erasure.user, delay=WAIT)
    elif _erase_reviews(erasure) or _erase_sign_ins(erasure):
        _follow(erasure.user)
    else:
        _delete_account(erasure)


def _follow(user: User, *, after: int = 0, delay: float = 0.0) -> None:
    payload = EraseAccount(user_id=user.pk, after=after)
    enqueue(payload, priority=Priority.LOW, subject=subject_of(user), delay=delay)


def _adopt_guests_orders(erasure: Erasure) -> int:
    """Give the next of the guest's orders to the account, so that they are erased with it. Not those placed since."""
    if not erasure.guest_email:
        return 0
    found = guest_orders(email=erasure.guest_email).filter(placed_at__lte=erasure.requested_at)
    keys = list(found.order_by("placed_at").select_for_update(no_key=True).values_list("pk", flat=True)[:ROWS])
    return Order.objects.filter(pk__in=keys).update(user=erasure.user)


def _erase_orders(erasure: Erasure, locked: list[Order]) -> None:
    """Of the locked orders, those that nothing is about to happen to: their lock keeps a return from beginning.

    A result that is in flight could bring erased data back, and a parcel, a refund or a dispute needs it.
    """
    numbers = [order.number for order in locked]
    unfinished = unfinished_orders_of(user=erasure.user).filter(pk__in=[order.pk for order in locked])
    busy = _in_flight(numbers) | set(unfinished.values_list("number", flat=True))
    orders = [order for order in locked if order.number not in busy]
    if not orders:
        return
    _issue_missing_invoices(orders)
    words, known = words_of(orders), set(erasure.words)
    anonymise_orders(orders=orders)
    redactor = Redactor(words | known)
    redact(subjects=[order.number for order in orders], redactor=redactor)
    _redact_notes(orders, redactor)
    if words - known:
        redact_elsewhere(redactor=Redactor(words - known))


def _in_flight(subjects: list[str]) -> set[str]:
    """Those of the subjects that a worker is busy with. Pending messages are locked first: none is claimed meanwhile.

    Slices of an erasure wait for each other by their own lock.
    """
    messages = Message.objects.filter(subject__in=subjects).exclude(task=EraseAccount.task)
    list(messages.filter(state=State.PENDING).order_by("pk").select_for_update().values_list("pk", flat=True))
    return set(messages.filter(state=State.SENT).values_list("subject", flat=True))


def _issue_missing_invoices(orders: list[Order]) -> None:
    """Those of payments from before invoices were records are written while the buyer's name is there."""
    late = Order.objects.filter(pk__in=[order.pk for order in orders])
    for order in late.filter(payments__status__in=SETTLED, payments__invoice=None).distinct():
        issue_missing_invoices(order=order)


def _redact_notes(orders: list[Order], redactor: Redactor) -> None:
    """What operators wrote about money in the orders' timelines, and in the admin's history of orders and disputes."""
    for event in OrderEvent.objects.filter(order__in=orders, kind__in=(REFUND_STARTED, REFUND_SETTLED, WRITTEN_OFF)):
        reason = redactor.text(event.data.get("reason", ""))
        OrderEvent.objects.filter(pk=event.pk).update(data=event.data | {"reason": reason})
    disputes = Dispute.objects.filter(payment__order__in=orders)
    for model, rows in ((Order, orders), (Dispute, disputes)):
        kind, keys = ContentType.objects.get_for_model(model), [str(row.pk) for row in rows]
        for entry in LogEntry.objects.filter(content_type=kind, object_id__in=keys):
            redact_row(entry, redactor, text=("change_message",))


def _erase_reviews(erasure: Erasure) -> int:
    """Reviews stay, without their author; the text is redacted too, since people sign what they write."""
    redactor, reviews = Redactor(erasure.words), Review.objects.filter(user=erasure.user).order_by("pk")[:ROWS]
    for review in reviews:
        redact_row(review, redactor, text=("title", "text"), user_id=None)
    return len(reviews)


def _erase_sign_ins(erasure: Erasure) -> int:
    """Not later ones: they are of another account that has the name or the address by now."""
    return sum(delete_sign_ins(name=name, until=erasure.requested_at) for name in erasure.sign_in_names)


def _delete_account(erasure: Erasure) -> None:
    """The last slice. A task deletes the rows of the account's sessions.

    Of who once was staff and did something in the admin, the account stays, without a name.
    """
    user, redactor = erasure.user, Redactor(erasure.words)
    redact(subjects=[subject_of(user)], redactor=redactor)
    redact_elsewhere(redactor=redactor)
    entries = LogEntry.objects.filter(content_type=ContentType.objects.get_for_model(User), object_id=str(user.pk))
    entries.update(object_repr=REMOVED, change_message="")
    erasure.delete()
    if not LogEntry.objects.filter(user=user).exists():  # the admin's history is deleted with its account
        user.delete()
    enqueue(DeleteOrphanedSessions(), priority=Priority.LOW)
