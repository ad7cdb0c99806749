"""Problem details (RFC 9457) for the shop's own exceptions."""

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _

from messaging.operations.api import problems
from messaging.operations.api.problems import Problem, conflict, invalid
from orders.transitions import IllegalTransition
from payments.gateways import AmountRefused, UnknownPaymentMethod
from shop.accounts.erased_meanwhile import is_erased
from shop.checkout.idempotency import KeyReused
from shop.limits.counters import Limited
from shop.limits.orders import TooManyPieces
from shop.site import database_outage
from shop.stock.services import OutOfStock


def exception_handler(exc: Exception, context: dict[str, Any]) -> HttpResponse:
    """REST framework's `EXCEPTION_HANDLER`, with the shop's exceptions added."""
    request = context.get("request")
    if request is not None and is_erased(request, exc):
        exc = Problem(401, detail=_("This account has been deleted."), headers={"WWW-Authenticate": "Token"})
    if not database_outage.is_outage(exc):
        return problems.exception_handler(exc, context, convert=as_problem)
    database_outage.reports.add(exc, getattr(request, "path", ""))
    return database_outage.quiet(problems.exception_handler(unavailable(), context))


def as_problem(exc: Exception) -> Problem | None:
    """The problem document for an exception of the shop; None for any other exception."""
    if isinstance(exc, OutOfStock):
        message = _("{sku}: {wanted} requested, {left} in stock.").format(sku=exc.sku, wanted=exc.wanted, left=exc.left)
        return conflict(
            "out-of-stock", _("Insufficient stock. {message}").format(message=message), {"lines": [message]}
        )
    if isinstance(exc, IllegalTransition):
        return conflict("illegal-transition", str(exc))
    if isinstance(exc, UnknownPaymentMethod):
        return invalid({"payment_method": [str(exc)]})
    if isinstance(exc, AmountRefused):
        return invalid({"lines": [str(exc)]})
    if isinstance(exc, Limited):
        return too_many(exc)
    if isinstance(exc, TooManyPieces):
        return invalid({"lines": [str(exc)]})
    if isinstance(exc, KeyReused):
        detail = _("This Idempotency-Key was already used for a different order. Use a new key for a new order.")
        return Problem(422, kind="key-reused", detail=detail, errors={"Idempotency-Key": [detail]})
    return None


def unavailable() -> Problem:
    """The database is away, takes no writes, or is busy."""
    detail = _("The database is not available at the moment. Retrying with the same Idempotency-Key is safe.")
    return Problem(503, kind="unavailable", detail=detail, headers={"Retry-After": str(database_outage.RETRY_AFTER)})


def key_reused() -> Problem:
    detail = _("This Idempotency-Key was already used for a different request. Use a new key for a new request.")
    return Problem(422, kind="key-reused", detail=detail, errors={"Idempotency-Key": [detail]})


def too_many(limited: Limited) -> Problem:
    return Problem(429, detail=str(limited), headers={"Retry-After": str(limited.wait)})
