"""Django app that reports to the storm, in each process of the stack, when an order is about to be committed and is."""

from typing import Any

from django.apps import AppConfig
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

from bench.storm.moments import AFTER_COMMIT, BEFORE_COMMIT, NOT_FOUND, reach

_FLAG = "has_placed_an_order"


class StormConfig(AppConfig):
    name = "bench.storm"

    def ready(self) -> None:
        from orders.signals import order_placed

        order_placed.connect(_note)
        _install_around_commit()
        _install_after_look()


def _note(**kwargs: Any) -> None:
    setattr(connection, _FLAG, True)


def _install_around_commit() -> None:
    """Django runs what `on_commit` holds only after `_commit` has returned."""
    kind: Any = BaseDatabaseWrapper
    inner = kind._commit

    def outer(self: Any) -> Any:
        has_order = vars(self).pop(_FLAG, False)
        if has_order:
            reach(BEFORE_COMMIT)
        inner(self)
        if has_order:
            reach(AFTER_COMMIT)

    kind._commit = outer


def _install_after_look() -> None:
    from payments import selectors
    from payments.models import Payment

    inner = selectors.payment_with_order

    def outer(**arguments: Any) -> Any:
        try:
            return inner(**arguments)
        except Payment.DoesNotExist:
            reach(NOT_FOUND)
            raise

    selectors.payment_with_order = outer
