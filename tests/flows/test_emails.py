"""E-mails: sent once though the worker is killed mid-delivery, and again when an operator retries."""

import threading
from collections.abc import Iterator
from email import message_from_bytes, policy
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from messaging.models import Message, State
from orders.models import EmailDelivery
from tests.patience import PATIENCE
from tests.ports import free_port
from tests.stack.orders import acknowledge


class MailServer:
    """A real SMTP server. While `replies` is cleared, it accepts e-mails but withholds its reply."""

    def __init__(self) -> None:
        self.subjects: list[str] = []
        self.replies = threading.Event()
        self.replies.set()
        self._controller = Controller(self, hostname="127.0.0.1", port=free_port())

    @property
    def url(self) -> str:
        return f"smtp://{self._controller.hostname}:{self._controller.port}"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        self.subjects.append(str(message_from_bytes(envelope.content, policy=policy.default)["Subject"]))
        await server.loop.run_in_executor(None, self.replies.wait, PATIENCE)
        return "250 accepted"

    def start(self) -> None:
        self._controller.start()

    def stop(self) -> None:
        self.replies.set()
        self._controller.stop()


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    server = MailServer()
    server.start()
    yield server
    server.stop()


def test_a_worker_killed_between_sending_and_committing_sends_no_second_email(make_stack, mail_server):
    workers = {"notifications,maintenance": 1}
    env = {"EMAIL_URL": mail_server.url, "CONVEYOR_VISIBILITY": "8"}
    stack = make_stack(own_broker=False, beat=False, workers=workers, env=env)
    mail_server.replies.clear()
    order = stack.order()
    acknowledge(stack, [order["number"]])
    stack.wait_for(lambda: mail_server.subjects, what="the mail server received the e-mail")
    stack.worker("notifications").kill()
    mail_server.replies.set()
    stack.worker("notifications").start()

    def message() -> Message:
        with stack.db():
            return Message.objects.using(stack.alias).get(subject=order["number"], task="orders.send_email")

    stack.wait_for(lambda: message().state == State.DEAD, what="the e-mail is dead")
    assert message().error_type == "orders.emails.delivery.EmailOutcomeUnknown"
    assert mail_server.subjects == [f"Your order {order['number']}"]
    status, answer = stack.api("POST", f"failed-tasks/{message().pk}/retry/", token=stack.token())
    assert status == 200, answer
    stack.wait_for(lambda: message().state == State.DONE, what="the e-mail is sent again")
    assert mail_server.subjects == [f"Your order {order['number']}"] * 2
    with stack.db():
        delivery = EmailDelivery.objects.using(stack.alias).get(order__number=order["number"])
    assert delivery.state == "sent"
    assert stack.audit() == []
