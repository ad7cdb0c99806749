"""What people are refused, and take for an answer."""

from typing import Final

from django.db import DatabaseError

from messaging.operations.actions.queues import AlreadyPaused
from orders.transitions import IllegalTransition
from payments.errors import NothingToRefund
from shop.returns.errors import AlreadyDecided, RequestReused, ReturnRefused
from shop.stock.services import OutOfStock

REFUSALS: Final = (
    OutOfStock, IllegalTransition, NothingToRefund, ReturnRefused, RequestReused, AlreadyDecided, AlreadyPaused,
    DatabaseError,
)  # fmt: skip
