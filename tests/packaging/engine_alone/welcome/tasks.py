"""A task that fails until the mail server is up, and the payload it takes."""

from django.contrib.auth.models import Group

from messaging.payloads import Payload
from messaging.worker.task import ReliableTask, reliable_task

mail_server: dict[str, bool] = {"up": False}


class SendWelcome(Payload, task="welcome.send", routing_key="maintenance.welcome"):
    email: str


@reliable_task(SendWelcome)
def send_welcome(self: ReliableTask, payload: SendWelcome) -> None:
    if not mail_server["up"]:
        raise RuntimeError("mail server is down")
    with self.complete():
        Group.objects.create(name=payload.email)
