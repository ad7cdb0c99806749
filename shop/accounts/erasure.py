"""Exports and erases a shopper's personal data."""

from typing import Any

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib.admin.models import LogEntry
from django.contrib.auth import SESSION_KEY
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from messaging.models import Message, State
from messaging.redaction import REMOVED, Redactor, redact
from orders.models import Order
from orders.services import anonymise_order
from shop.accounts.addresses import addresses_of
from shop.accounts.services import subject_of
from shop.models import Review, SavedBasket, User
from shop.order_pages.selectors import orders_of, unfinished_orders_of

_PERSONAL = ("name", "email", "line1", "city", "postcode")


class CannotErase(Exception):
    """The data is still needed. Nothing was changed."""


@transaction.atomic
def erase(*, user: User) -> None:
    """Delete an account and forget who it was: in its orders, in all messages about them, and in the sign-in records.

    What was sold stays, for the books. Raises `CannotErase` for staff, whose name the audit needs, while an order is
    under way, and while a worker holds a message about one: its end could bring back what was just forgotten.
    """
    User.objects.select_for_update().get(pk=user.pk)
    orders = list(orders_of(user=user))
    subjects = [subject_of(user), *(order.number for order in orders)]
    _check(user, subjects)
    secrets = _secrets(user, orders)
    for order in orders:
        anonymise_order(order=order)
    redact(subjects=subjects, secrets=secrets)
    _forget_in_reviews(user, Redactor(secrets))
    _forget_sign_ins(user)
    user.delete()


def data_of(*, user: User) -> dict[str, Any]:
    """All that the shop keeps about a shopper, as JSON types. Amounts are minor units, times ISO 8601 in UTC."""
    orders = orders_of(user=user).prefetch_related("lines", "events")
    return {
        "account": {
            "user_name": user.get_username(),
            "name": user.get_full_name(),
            "email": user.email,
            "since": user.date_joined.isoformat(),
        },
        "addresses": list(addresses_of(user=user).values("name", "line1", "postcode", "city", "country", "is_default")),
        "basket": [[sku, quantity] for sku, quantity, *_ in _basket(user)],
        "orders": [_order_data(order) for order in orders],
    }


def _basket(user: User) -> list[list[Any]]:
    saved = SavedBasket.objects.filter(user=user).first()
    return list(saved.lines) if saved else []


def _order_data(order: Order) -> dict[str, Any]:
    return {
        "number": order.number,
        "placed_at": order.placed_at.isoformat(),
        "status": order.status,
        "language": order.language,
        **{field: getattr(order, field) for field in (*_PERSONAL, "country")},
        "total": order.total,
        "currency": order.currency,
        "lines": [{"name": line.name, "quantity": line.quantity, "total": line.total} for line in order.lines.all()],
        "events": [{"at": event.at.isoformat(), "kind": event.kind} for event in order.events.all()],
    }


def _check(user: User, subjects: list[str]) -> None:
    if user.is_staff:
        raise CannotErase(_("You work here. Ask an administrator to end your account."))
    unfinished = unfinished_orders_of(user=user).values_list("number", flat=True)
    if unfinished:
        raise CannotErase(
            _("These orders are still under way: %(numbers)s. Nothing was deleted. Wait for them, or cancel them.")
            % {"numbers": ", ".join(unfinished)}
        )
    if Message.objects.filter(subject__in=subjects, state=State.SENT).exists():
        raise CannotErase(
            _("Something about your orders is being worked on right now. Nothing was deleted. Try again in a minute.")
        )


def _secrets(user: User, orders: list[Order]) -> set[str]:
    """Every name and address under which the shop knows the shopper."""
    rows = [*orders, *addresses_of(user=user)]
    found = {getattr(row, field, "") for row in rows for field in _PERSONAL}
    found |= {user.email, user.get_username(), user.get_full_name(), user.first_name, user.last_name}
    return {secret for secret in found if secret and secret != REMOVED}


def _forget_in_reviews(user: User, forget: Redactor) -> None:
    """Opinions stay, without a name beside them; but people also sign what they write."""
    for review in Review.objects.filter(user=user):
        Review.objects.filter(pk=review.pk).update(title=forget.text(review.title), text=forget.text(review.text))


def _forget_sign_ins(user: User) -> None:
    """Sessions do not tell in a column whose they are, so each is opened."""
    names = {user.get_username(), user.email} - {""}
    typed = Q()
    for name in names:
        typed |= Q(username__iexact=name)
    for model in (AccessAttempt, AccessFailureLog, AccessLog):
        model.objects.filter(typed).delete()
    for session in Session.objects.iterator():
        if session.get_decoded().get(SESSION_KEY) == str(user.pk):
            session.delete()
    about = LogEntry.objects.filter(content_type=ContentType.objects.get_for_model(User), object_id=str(user.pk))
    about.update(object_repr=REMOVED, change_message="")
