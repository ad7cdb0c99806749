"""Idempotency keys of the checkout: a repeated request gets the order it placed the first time."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from orders.models import IdempotencyKey, Order

#: How long a repeated request gets its order.
KEPT = timedelta(days=90)


class KeyReused(Exception):
    """The idempotency key was already used for a different request. Nothing was written."""

    def __init__(self, *, key: str) -> None:
        self.key = key
        super().__init__(_("This idempotency key was already used for another order. Use a new key for a new order."))


@dataclass(frozen=True, slots=True)
class Idempotency:
    """`key` is chosen by the client; `client` scopes it. That of an import does not expire."""

    client: str
    key: str
    expires: bool = True


def digest(request: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()


def claim_key(idempotency: Idempotency | None, *, digest: str, order: Order) -> None:
    """Raises `IntegrityError` if the key is taken: its unique constraint decides between concurrent requests."""
    if idempotency is not None:
        expires_at = timezone.now() + KEPT if idempotency.expires else None
        names = {"client": idempotency.client, "key": idempotency.key}
        IdempotencyKey.objects.create(**names, digest=digest, order=order, expires_at=expires_at)


def known_order(
    idempotency: Idempotency | None, *, currency: str | None, digest_in: Callable[[str], str]
) -> Order | None:
    """The order placed with this key, if any. Raises `KeyReused` if the key was used for a different request.

    `digest_in` is the request's digest by currency. One that names no currency is the same, whichever was the shop's.
    Looked up only after a failure: a repeated request must get its order even if that order took the last item.
    """
    known = _claimed(idempotency) if idempotency else None
    if idempotency and known and known.digest != digest_in(currency or known.order.currency):
        raise KeyReused(key=idempotency.key)
    return known.order if known else None


def order_placed_with(idempotency: Idempotency) -> Order | None:
    """The order placed with this key, if any, whatever the request was."""
    known = _claimed(idempotency)
    return known.order if known else None


def _claimed(idempotency: Idempotency) -> IdempotencyKey | None:
    keys = IdempotencyKey.objects.select_related("order")
    return keys.filter(client=idempotency.client, key=idempotency.key).first()
