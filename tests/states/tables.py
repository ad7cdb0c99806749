"""The transition tables of all models."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from django.db import models

from messaging.models import TRANSITIONS as MESSAGE_TRANSITIONS
from messaging.models import Message, State
from orders.models import TRANSITIONS as ORDER_TRANSITIONS
from orders.models import Order
from payments.models import PAYMENT_TRANSITIONS, REFUND_TRANSITIONS, Payment, Refund
from shipping.models import TRANSITIONS as SHIPMENT_TRANSITIONS
from shipping.models import Shipment
from shop.models import Return
from shop.models.returns import RETURN_TRANSITIONS

#: What a row had before it was written.
NEW: Final = "new"
Change = tuple[str, str]


@dataclass(frozen=True)
class Table:
    """A model's states are in its `field`. A new row has the field's default, or one of `others`."""

    model: type[models.Model]
    field: str
    transitions: Mapping[str, frozenset[str]]
    others: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The table in the database."""
        return self.model._meta.db_table

    def changes(self) -> Iterator[Change]:
        """Everything that may happen to a row, its first state included."""
        for first in (getattr(self.model(), self.field), *self.others):
            yield NEW, str(first)
        for source, targets in self.transitions.items():
            yield from ((str(source), str(target)) for target in sorted(targets))


TABLES: Final = {
    table.name: table
    for table in (
        Table(Message, "state", MESSAGE_TRANSITIONS, others=(State.DEAD,)),
        Table(Order, "status", ORDER_TRANSITIONS),
        Table(Payment, "status", PAYMENT_TRANSITIONS),
        Table(Refund, "status", REFUND_TRANSITIONS),
        Table(Return, "status", RETURN_TRANSITIONS),
        Table(Shipment, "status", SHIPMENT_TRANSITIONS),
    )
}
