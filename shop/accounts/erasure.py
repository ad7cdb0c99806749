"""Erases a shopper's personal data."""

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.utils.translation import gettext as _

from messaging.models import Message, State
from messaging.outbox import enqueue
from messaging.redaction import REMOVED, Redactor, redact, redact_row
from messaging.topology import Priority
from orders.models import Order, OrderEvent
from orders.services import anonymise_order
from orders.timeline import REFUND_SETTLED, REFUND_STARTED, WRITTEN_OFF
from payments.models import Dispute
from shop.accounts.addresses import addresses_of
from shop.accounts.retention import delete_sign_ins
from shop.accounts.services import subject_of
from shop.invoices.services import issue_missing_invoices
from shop.models import Review, SavedBasket, User
from shop.order_pages.selectors import orders_of, unfinished_orders_of
from shop.payloads import DeleteOrphanedSessions

_PERSONAL = ("name", "email", "line1", "line2", "city", "postcode", "state")


class CannotErase(Exception):
    """The data is still needed. Nothing was changed."""


@transaction.atomic
def erase(*, user: User) -> None:
    """Delete an account and its personal data: in its orders, in every message about them, and in sign-in records.

    Sales records stay, for accounting, and so do invoices and credit notes, until the law no longer requires them.
    Those of a payment from before invoices were records are written first, while the buyer's name is there. Sessions
    end at once, and a task deletes their rows. Raises `CannotErase` for staff, whose names the audit log needs, while
    an order is in progress, and while a message about one is in flight: its result could bring erased data back. All
    orders are locked first, so that nothing begins meanwhile, such as a return. An account that is gone is erased.
    """
    SavedBasket.objects.select_for_update().filter(pk=user.pk).first()  # first: a checkout that has it needs the user
    if User.objects.select_for_update().filter(pk=user.pk).first() is None:
        return
    orders = list(orders_of(user=user).order_by("pk").select_for_update())
    subjects = [subject_of(user), *(order.number for order in orders)]
    _check_erasable(user, subjects)
    secrets = _secrets(user, orders)
    for order in orders:
        issue_missing_invoices(order=order)
        anonymise_order(order=order)
    redact(subjects=subjects, secrets=secrets)
    redactor = Redactor(secrets)
    _redact_notes(orders, redactor)
    _anonymise_reviews(user, redactor)
    _delete_sign_ins(user)
    user.delete()
    enqueue(DeleteOrphanedSessions(), priority=Priority.LOW)


def _check_erasable(user: User, subjects: list[str]) -> None:
    if user.is_staff:
        raise CannotErase(_("This is a staff account. Ask an administrator to delete it."))
    unfinished = unfinished_orders_of(user=user).values_list("number", flat=True)
    if unfinished:
        raise CannotErase(
            _("These orders are still in progress: %(numbers)s. Nothing was deleted. Wait for them, or cancel them.")
            % {"numbers": ", ".join(unfinished)}
        )
    if Message.objects.filter(subject__in=subjects, state=State.SENT).exists():
        raise CannotErase(
            _("We are processing one of your orders right now. Nothing was deleted. Try again in a minute.")
        )


def _secrets(user: User, orders: list[Order]) -> set[str]:
    """Every name and address the shop has on record for the shopper."""
    rows = [*orders, *addresses_of(user=user)]
    found = {getattr(row, field, "") for row in rows for field in _PERSONAL}
    found |= {user.email, user.get_username(), user.new_email, user.get_full_name(), user.first_name, user.last_name}
    return {secret for secret in found if secret and secret != REMOVED}


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


def _anonymise_reviews(user: User, redactor: Redactor) -> None:
    """Reviews stay, without their author; the text is redacted too, since people sign what they write."""
    for review in Review.objects.filter(user=user):
        Review.objects.filter(pk=review.pk).update(title=redactor.text(review.title), text=redactor.text(review.text))


def _delete_sign_ins(user: User) -> None:
    for name in {user.get_username(), user.email} - {""}:
        delete_sign_ins(name=name)
    entries = LogEntry.objects.filter(content_type=ContentType.objects.get_for_model(User), object_id=str(user.pk))
    entries.update(object_repr=REMOVED, change_message="")
