"""Lets a task fail, finds it in the admin, retries it there and completes it. Prints its states."""

import sys

from tests.packaging.engine_alone import project

project.start()

from django.contrib.auth.models import User  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import setup_test_environment  # noqa: E402
from django.urls import reverse  # noqa: E402

from messaging import outbox  # noqa: E402
from messaging.models import Message  # noqa: E402
from tests.messaging.deliver import deliver  # noqa: E402
from tests.packaging.engine_alone.welcome.tasks import SendWelcome, mail_server  # noqa: E402


def main() -> list[str]:
    with outbox.transaction():
        message = outbox.enqueue(SendWelcome(email="ada@example.com"), subject="ada")
    return [deliver(message).state, *retry(message)]


def retry(message: Message) -> list[str]:
    mail_server["up"] = True
    client = Client()
    client.force_login(User.objects.create_superuser("ann"))
    failures = client.get(reverse("admin:operations_failedtask_changelist"))
    assert "welcome.send" in failures.content.decode()
    one = client.get(reverse("admin:operations_failedtask_change", args=[message.pk]))
    assert "mail server is down" in one.content.decode()
    assert client.get(reverse("admin:operations_failuregroup_changelist")).status_code == 200
    client.post(reverse("admin:operations_failedtask_retry", args=[message.pk]))
    message.refresh_from_db()
    return [message.state, deliver(message).state]


setup_test_environment()
print(*main())  # noqa: T201
foreign = {name.partition(".")[0] for name in sys.modules} & {"config", "shop", "orders", "payments", "shipping"}
assert not foreign, foreign
