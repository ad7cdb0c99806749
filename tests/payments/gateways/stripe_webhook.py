"""Signed Stripe webhook requests, as Stripe documents them."""

import hashlib
import hmac
import json
import time
import uuid
from collections.abc import Iterable
from typing import Any
from urllib.request import Request, urlopen

from django.test import Client

from payments.gateways.stripe import KEY

PATH = "/webhooks/stripe/"
SECRET = "whsec_conveyor"


def event(kind: str, subject: dict[str, Any]) -> dict[str, Any]:
    return {"id": f"evt_{uuid.uuid4().hex}", "object": "event", "type": kind, "data": {"object": subject}}


def intent(payment_id: Any, reference: str = "pi_1", **fields: Any) -> dict[str, Any]:
    return {"id": reference, "object": "payment_intent", "metadata": {KEY: str(payment_id)}} | fields


def signature(body: bytes, *, secret: str = SECRET, at: float | None = None) -> str:
    moment = int(time.time() if at is None else at)
    digest = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={moment},v1={digest}"


def post_event(content: dict[str, Any], **options: Any) -> int:
    """Post the event to the shop. Returns the status of the response."""
    body = json.dumps(content).encode()
    header = options.pop("header", None)
    sign = signature(body, **options) if header is None else header
    response = Client().post(PATH, body, content_type="application/json", headers={"Stripe-Signature": sign})
    return response.status_code


def deliver(events: Iterable[tuple[str, dict[str, Any]]], *, to: str, secret: str = SECRET) -> None:
    """Send these events of the fake server, in this order, to the shop that runs at the address `to`."""
    for kind, subject in events:
        body = json.dumps(event(kind, subject)).encode()
        headers = {"Content-Type": "application/json", "Stripe-Signature": signature(body, secret=secret)}
        with urlopen(Request(to + PATH, data=body, headers=headers)) as response:  # noqa: S310 - the shop under test
            assert response.status == 200
