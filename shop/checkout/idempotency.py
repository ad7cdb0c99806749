"""Idempotency keys of the checkout: a request that is sent again gets the order it placed the first time."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from orders.models import IdempotencyKey, Order


class KeyReused(Exception):
    """The idempotency key already stands for another request. Nothing was written."""

    def __init__(self, *, key: str) -> None:
        self.key = key
        super().__init__(_("This idempotency key was already used for another order. Use a new key for a new order."))


@dataclass(frozen=True, slots=True)
class Idempotency:
    """`key` is what the client chose; `client` says whose key it is."""

    client: str
    key: str


def digest(request: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()


def claim_key(idempotency: Idempotency | None, *, digest: str, order: Order) -> None:
    """Raises `IntegrityError` where the key is taken: its unique constraint decides between concurrent requests."""
    if idempotency is not None:
        IdempotencyKey.objects.create(client=idempotency.client, key=idempotency.key, digest=digest, order=order)


def known_order(idempotency: Idempotency | None, *, digest: str) -> Order | None:
    """The order that the key stands for. Raises `KeyReused` if it stands for another request.

    Asked only after a refusal: a repeated request must get its order even if that one took the last piece.
    """
    if idempotency is None:
        return None
    known = (
        IdempotencyKey.objects.select_related("order").filter(client=idempotency.client, key=idempotency.key).first()
    )
    if known and known.digest != digest:
        raise KeyReused(key=idempotency.key)
    return known.order if known else None
