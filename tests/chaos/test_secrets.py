"""Planted secrets: after failures of every kind they are in no log, in no row, and not at the broker."""

import secrets
from pathlib import Path
from urllib.parse import urlsplit

from django.apps import apps

from messaging.models import Message, State
from tests.stack.orders import place
from tests.stack.stack import Stack


def planted(name: str) -> str:
    return f"planted-{name}-{secrets.token_hex(16)}"


#: A mail server that does not exist is asked with a password: each e-mail fails, and its attempts are recorded.
SECRETS = {name: planted(name) for name in ("metrics", "carrier", "mail", "password", "token")}
ENV = {
    "METRICS_TOKEN": SECRETS["metrics"],
    "CARRIER_WEBHOOK_SECRETS": f"swiftpost={SECRETS['carrier']}",
    "EMAIL_URL": f"smtp://shop:{SECRETS['mail']}@127.0.0.1:1",
    "CONVEYOR_CIRCUIT_FAILURES": "0",  # e-mails fail instead of waiting for the mail server
    "LOG_LEVEL": "DEBUG",
}
#: The shopper's own: rows of orders have to have them, logs and messages must not.
PERSONAL = {name: planted(name) for name in ("name", "street")}


def test_no_secret_reaches_a_log_a_row_or_the_broker(make_stack):
    stack = make_stack(beat=False, env=ENV)
    for method in ("pm_card_visa", "pm_card_declined", "pm_flaky_2", "pm_bug", "pm_crash"):
        place(stack, 1, payment_method=method, name=PERSONAL["name"], address=address())
    knock(stack)
    stack.broker.kill()
    stack.broker.start()
    stack.worker("shipping").kill()
    stack.worker("shipping").start()
    stack.wait_for(
        lambda: dead_tasks(stack) >= {"payments.charge_payment", "orders.send_email"}, what="all have failed"
    )
    sources = {**logs(stack), **rows(stack)}
    assert any("orders.send_email" in text for text in sources.values())
    key = (stack.folder / "secret_key").read_text().strip()
    ours = [*SECRETS.values(), key, urlsplit(stack.broker.url).password]
    assert found(sources, [secret for secret in ours if secret and secret != "guest"]) == []
    public = {name: text for name, text in sources.items() if name.startswith(("log", "messaging", "operations"))}
    assert found(public, PERSONAL.values()) == []
    stack.broker.stop()
    assert found(files(stack.folder), [*SECRETS.values(), *PERSONAL.values()]) == []


def address() -> dict[str, str]:
    return {"line1": PERSONAL["street"], "city": "York", "postcode": "YO1 6GA", "country": "GB"}


def knock(stack: Stack) -> None:
    """Requests that are refused, each with a secret in it."""
    login = {"username": "operator", "password": SECRETS["password"]}
    assert stack.api("POST", "auth/token/", json=login)[0] == 401
    assert stack.api("GET", "failed-tasks/", token=SECRETS["token"])[0] == 401
    assert stack.api("GET", "/metrics", token=SECRETS["metrics"])[0] in {200, 401, 403}


def dead_tasks(stack: Stack) -> set[str]:
    with stack.db() as alias:
        return set(Message.objects.using(alias).filter(state=State.DEAD).values_list("task", flat=True))


def logs(stack: Stack) -> dict[str, str]:
    return {f"log {path.name}": path.read_text(errors="replace") for path in (stack.folder / "log").iterdir()}


def rows(stack: Stack) -> dict[str, str]:
    """Every table as text, by the name of its model."""
    with stack.db() as alias:
        models = [model for model in apps.get_models() if model._meta.managed]
        return {model._meta.label_lower: repr(list(model._base_manager.using(alias).values())) for model in models}


def files(folder: Path) -> dict[str, str]:
    """What the broker keeps on disk."""
    kept = [path for name in ("valkey", "rabbit") for path in (folder / name).rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes().decode("latin-1") for path in kept}


def found(sources: dict[str, str], wanted) -> list[tuple[str, str]]:
    return [(name, secret) for name, text in sources.items() for secret in wanted if secret in text]
