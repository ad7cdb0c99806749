"""What browsers get from the fake Stripe server: Stripe.js, the frame for cards, and the bank's page."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

from tests.payments.gateways.stand_in.methods import NUMBERS
from tests.payments.gateways.stripe_objects import Vault

_FOLDER = Path(__file__).parent / "files"
_FILES = {"/stripe.js": "stripe.js", "/element": "element.html", "/element.js": "element.js"}
_TYPES = {".js": "text/javascript", ".html": "text/html"}


@dataclass(frozen=True)
class Page:
    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


def answer(vault: Vault, method: str, path: str, form: str) -> Page | None:
    """None for the paths of the API."""
    if method == "POST" and path == "/element":
        return _token(vault, dict(parse_qsl(form))["number"])
    if path in _FILES:
        return _file(_FILES[path])
    if path.startswith("/challenge/"):
        id_ = path.removeprefix("/challenge/")
        return _answered(vault, id_, dict(parse_qsl(form))["answer"]) if method == "POST" else _file("challenge.html")
    return Page(204) if path == "/favicon.ico" else None


def _file(name: str) -> Page:
    path = _FOLDER / name
    return Page(200, path.read_bytes(), {"Content-Type": f"{_TYPES[path.suffix]}; charset=utf-8"})


def _token(vault: Vault, number: str) -> Page:
    if number in NUMBERS:
        found = {"confirmationToken": vault.tokens.create(NUMBERS[number])}
    else:
        found = {"error": {"type": "validation_error", "message": "Your card number is invalid."}}
    return Page(200, json.dumps(found).encode(), {"Content-Type": "application/json"})


def _answered(vault: Vault, id_: str, chosen: str) -> Page:
    """Back to the shop, with the parameters that Stripe adds."""
    intent = vault.intents[id_]
    action = intent["next_action"]
    if action is None:
        return Page(410)
    if chosen == "approve":
        vault.charges.approve(id_)
    else:
        vault.charges.decline(id_)
    added = {
        "payment_intent": id_,
        "payment_intent_client_secret": intent["client_secret"],
        "redirect_status": "succeeded" if chosen == "approve" else "failed",
    }
    return Page(303, headers={"Location": f"{action['redirect_to_url']['return_url']}?{urlencode(added)}"})
