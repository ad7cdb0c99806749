"""Links from failed tasks to the form that corrects an order's address."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from messaging.hooks.next_steps import AppAction, register_action
from messaging.models import Message
from shipping.delivery_problems import CORRECT_ADDRESS
from shipping.selectors import orders_with_correctable_address


def register() -> None:
    register_action("correct_address", AppAction(_("Correct address"), CORRECT_ADDRESS, correction_urls))


def correction_urls(messages: Sequence[Message]) -> Mapping[UUID, str]:
    """The form's URL by message id, for orders that still have it."""
    numbers = {message.subject for message in messages}
    ids = dict(orders_with_correctable_address().filter(number__in=numbers).values_list("number", "pk"))
    return {message.pk: _url(ids[message.subject]) for message in messages if message.subject in ids}


def _url(order_id: int) -> str:
    return reverse("admin:orders_order_parcels", args=[order_id]) + "#parcels-address"
